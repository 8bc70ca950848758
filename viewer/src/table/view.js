// The tables: only the rows in view exist, so that a hundred thousand cost what thirty do.
import { h, put } from '../dom.js';
import { count, countOf } from '../format.js';
import { tables } from './columns.js';
import { matching, sorted } from './rows.js';
import { ROW, bring, firstRow, placed, scrolled } from './scroll.js';

// So many passes can be chosen from a list; others are found by search, or clicked on.
const OFFERED = 1000;

export class TableView {
  constructor(model, store, actions) {
    Object.assign(this, { model, store, actions });
    this.tables = tables(model);
    this.current = this.tables[0].size ? this.tables[0] : this.tables[1];
    this.sort = new Map();
    this.query = '';
    this.pass = null;
    this.active = 0;
    this.search = h('input', {
      type: 'search',
      id: 'search',
      placeholder: 'Search: name, chunk 17, element 5, lost',
      'aria-label': 'Search the tables',
      oninput: () => {
        this.table.setAttribute('aria-busy', 'true');
        this.later(() => {
          this.query = this.search.value;
          this.rows();
          this.table.removeAttribute('aria-busy');
        });
      },
    });
    this.filter = h(
      'select',
      {
        id: 'pass-filter',
        'aria-label': 'Only rows of a pass',
        onchange: () => this.narrow(this.filter.value === '' ? null : Number(this.filter.value)),
      },
      h('option', { value: '' }, 'All passes'),
      model.doc.passes.slice(0, OFFERED).map(pass => this.option(pass)),
    );
    this.tabs = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Tables', onkeydown: event => this.tabKey(event) });
    this.head = h('div', { class: 'table-head', role: 'row' });
    this.space = h('div', { class: 'space' });
    this.body = h(
      'div',
      {
        class: 'table-body',
        role: 'rowgroup',
        tabindex: 0,
        'aria-label': 'Rows; arrow keys move, Enter shows details',
        onscroll: () => this.paint(),
        onkeydown: event => this.key(event),
      },
      this.space,
    );
    this.table = h(
      'div',
      { class: 'table', role: 'table', id: 'table', 'aria-labelledby': 'table-title' },
      h('div', { role: 'rowgroup' }, this.head),
      this.body,
    );
    this.status = h('span', { class: 'note', role: 'status', id: 'row-count' });
    this.element = h(
      'section',
      { class: 'card table-card', 'aria-labelledby': 'table-title' },
      h(
        'header',
        { class: 'card-head' },
        h('h2', { id: 'table-title' }, 'Table'),
        this.tabs,
        h('span', { class: 'tools' }, this.status, this.filter, this.search),
      ),
      this.table,
    );
    store.listen((state, changed) => changed.has('selection') && this.selected(state.selection));
    new ResizeObserver(() => this.paint()).observe(this.body);
  }

  later(act) {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, 60);
  }

  option(pass) {
    return h('option', { value: pass.id }, pass.name);
  }

  /** Shows only the rows of a pass, or all. */
  narrow(pass) {
    if (pass >= OFFERED && !this.filter.querySelector(`option[value="${pass}"]`))
      this.filter.append(this.option(this.model.doc.passes[pass]));
    this.pass = pass;
    if (pass === null) this.followed = false;
    this.filter.value = pass === null ? '' : String(pass);
    this.rows();
  }

  selected(selection) {
    if (selection?.kind === 'pass' || selection?.kind === 'bin') {
      this.bin = selection.kind === 'bin' ? new Set(selection.chunks) : null;
      const chunks = this.tables.find(table => table.key === 'chunks');
      if (!['chunks', 'tasks'].includes(this.current.key) || this.bin)
        this.current = chunks?.size ? chunks : this.tables.find(table => table.key === 'tasks');
      this.followed = true;
      this.narrow(selection.id);
      return;
    }
    if (!selection && this.followed) {
      this.bin = null;
      this.narrow(null);
      return;
    }
    if (this.bin) {
      this.bin = null;
      this.rows();
    }
    this.paint();
  }

  /** Finds the rows anew and shows them from the first on. */
  rows() {
    const found = new Map(this.tables.map(table => [table.key, matching(this.model, table, this)]));
    if (this.query.trim() && !found.get(this.current.key).length) {
      const other = this.tables.find(table => found.get(table.key).length);
      if (other) this.current = other;
    }
    this.ids = sorted(this.current, found.get(this.current.key), this.sort.get(this.current.key));
    this.active = 0;
    this.drawTabs(found);
    this.drawHead();
    this.body.scrollTop = 0;
    this.table.setAttribute('aria-rowcount', this.ids.length + 1);
    put(this.status, `${countOf(this.ids.length, 'row')}${this.ids.length < this.current.size ? ` of ${count(this.current.size)}` : ''}`);
    const tall = scrolled(this.ids.length);
    this.space.style.setProperty('height', `${tall}px`);
    this.body.style.setProperty('height', `${Math.max(112, Math.min(13 * ROW, tall))}px`);
    this.paint();
  }

  drawTabs(found) {
    put(
      this.tabs,
      this.tables.map(table =>
        h(
          'button',
          {
            role: 'tab',
            id: `tab-${table.key}`,
            'aria-selected': String(table === this.current),
            'aria-controls': 'table',
            tabindex: table === this.current ? 0 : -1,
            onclick: () => this.show(table.key),
          },
          table.label,
          h('span', { class: 'badge' }, count(found.get(table.key).length)),
        ),
      ),
    );
  }

  /** Shows a table. */
  show(key) {
    this.current = this.tables.find(table => table.key === key);
    this.rows();
  }

  tabKey(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const at = (this.tables.indexOf(this.current) + by + this.tables.length) % this.tables.length;
    this.show(this.tables[at].key);
    this.tabs.querySelector('[aria-selected="true"]').focus();
    event.preventDefault();
  }

  drawHead() {
    const order = this.sort.get(this.current.key);
    this.grid = this.current.columns.map(column => `minmax(0, ${column.width})`).join(' ');
    this.head.style.setProperty('grid-template-columns', this.grid);
    put(
      this.head,
      this.current.columns.map((column, i) => {
        const mine = order?.column === i;
        return h(
          'div',
          {
            role: 'columnheader',
            class: column.number ? 'number' : '',
            'aria-sort': mine ? (order.down ? 'descending' : 'ascending') : 'none',
          },
          h(
            'button',
            { onclick: () => this.sortBy(i) },
            column.label,
            h('span', { class: 'order', 'aria-hidden': 'true' }, mine ? (order.down ? ' ▾' : ' ▴') : ''),
          ),
        );
      }),
    );
  }

  // Numbers first from the largest on, words from A on; a third click gives the order of before.
  sortBy(i) {
    const order = this.sort.get(this.current.key);
    const first = Boolean(this.current.columns[i].number);
    if (order?.column !== i) this.sort.set(this.current.key, { column: i, down: first });
    else if (order.down === first) this.sort.set(this.current.key, { column: i, down: !first });
    else this.sort.delete(this.current.key);
    this.rows();
    this.head.querySelectorAll('button')[i]?.focus({ preventScroll: true });
  }

  paint() {
    if (!this.ids) return;
    if (!this.ids.length) {
      put(this.space, h('p', { class: 'empty' }, this.current.size ? 'Nothing matches.' : (this.current.empty ?? 'None.')));
      return;
    }
    const view = Math.ceil(this.body.clientHeight / ROW) + 1;
    const first = Math.max(0, Math.min(firstRow(this.body, this.ids.length), this.ids.length - view + 1));
    const top = placed(this.body, this.ids.length, first);
    const rows = [];
    for (let i = first; i < Math.min(first + view, this.ids.length); i++) rows.push(this.row(i, top + (i - first) * ROW));
    put(this.space, rows);
  }

  row(i, top) {
    const id = this.ids[i];
    const table = this.current;
    const { selection } = this.store.state;
    const chosen = selection?.kind === table.kind && selection.id === id;
    const classes = ['row', i % 2 && 'odd', chosen && 'chosen', i === this.active && 'active', table.bad?.(id) && 'bad']
      .filter(Boolean)
      .join(' ');
    return h(
      'div',
      {
        class: classes,
        role: 'row',
        id: `row-${i}`,
        'aria-rowindex': i + 2,
        'aria-selected': String(chosen),
        style: { 'grid-template-columns': this.grid, transform: `translateY(${top}px)` },
        onclick: () => {
          this.active = i;
          this.pick();
        },
      },
      table.columns.map(column =>
        h(
          'div',
          { role: 'cell', class: column.number ? 'number' : '', title: column.number ? null : column.text(id) },
          column.fill && h('i', { class: 'bar', style: { width: `${(100 * Math.min(1, column.fill(id))).toFixed(1)}%` } }),
          h('span', null, column.text(id)),
        ),
      ),
    );
  }

  pick() {
    const id = this.ids[this.active];
    if (id === undefined) return;
    this.store.select(this.current.kind, id, { from: 'table' });
    this.actions.picked(this.current.kind, id);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.body.clientHeight / ROW) - 1);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in moves) {
      this.active = Math.max(0, Math.min(this.ids.length - 1, this.active + moves[event.key]));
      this.into();
    } else if (event.key === 'Enter') this.pick();
    else return;
    event.preventDefault();
  }

  into() {
    bring(this.body, this.ids.length, this.active);
    this.paint();
    this.body.setAttribute('aria-activedescendant', `row-${this.active}`);
  }
}
