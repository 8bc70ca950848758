// The graph on the page: drawn as SVG, moved and zoomed, walked with the arrow keys.
import { select } from 'd3-selection';
import { zoom, zoomIdentity } from 'd3-zoom';
import { h, put, s } from '../dom.js';
import { countOf } from '../format.js';
import { visible } from './groups.js';
import { graphOf } from './items.js';
import { curve, layout } from './layout.js';
import { drawNode, nameOf, sizeOf } from './nodes.js';

// How large nodes are at first: no larger than needed, and so small that all of the graph is seen; the frame is as high as it is for nodes
// that can be read.
const [LEAST, SMALLEST, LARGEST] = [0.12, 0.5, 1.1];

export class GraphView {
  constructor(model, store) {
    this.model = model;
    this.store = store;
    this.all = graphOf(model);
    this.releases = false;
    this.opened = [];
    this.openPasses = new Set();
    this.layer = s('g');
    this.svg = s(
      'svg',
      {
        class: 'graph',
        role: 'group',
        'aria-label':
          'The graph: resources and tasks. Arrow keys go from node to node, Enter shows details, plus and minus open and close a pass.',
      },
      s('defs', null, arrow('arrow'), arrow('arrow-critical')),
      this.layer,
    );
    this.zoom = zoom()
      .scaleExtent([0.05, 3])
      .filter(event => (event.type === 'wheel' ? event.ctrlKey || event.metaKey : !event.button))
      .on('zoom', event => this.layer.setAttribute('transform', event.transform));
    this.crumbs = h('p', { class: 'crumbs' });
    this.element = h('section', { class: 'card graph-card', 'aria-labelledby': 'graph-title' }, this.head(), this.crumbs, this.svg);
    this.svg.addEventListener('keydown', event => this.key(event));
    select(this.svg).call(this.zoom).on('dblclick.zoom', null);
    store.listen((state, changed) => changed.has('selection') && this.mark());
  }

  head() {
    const box = h('input', {
      type: 'checkbox',
      id: 'graph-releases',
      onchange: () => {
        this.releases = box.checked;
        this.draw();
        this.fit();
      },
    });
    this.note = h('span', { class: 'note' });
    return h(
      'header',
      { class: 'card-head' },
      h('h2', { id: 'graph-title' }, 'Graph'),
      this.note,
      h(
        'span',
        { class: 'tools' },
        h('label', { class: 'check' }, box, 'releases'),
        h('button', { class: 'tool', 'aria-label': 'Zoom in the graph', title: 'Zoom in (+)', onclick: () => this.scale(1.4) }, '+'),
        h(
          'button',
          { class: 'tool', 'aria-label': 'Zoom out of the graph', title: 'Zoom out (−)', onclick: () => this.scale(1 / 1.4) },
          '−',
        ),
        h('button', { class: 'tool', 'aria-label': 'Fit the graph', title: 'Show all (0)', onclick: () => this.fit() }, 'Fit'),
      ),
    );
  }

  /** Lays out and draws what is visible. */
  draw() {
    const items = this.releases ? this.all.items : this.all.items.filter(item => item.what !== 'release');
    const shown = visible({ items, edges: this.all.edges }, this.opened);
    const bins = new Map([...this.openPasses].map(pass => [`pass:${pass}`, this.model.bins(pass)]));
    this.placed = layout(shown, node => sizeOf(node, bins.get(node.key)));
    this.nodes = new Map(shown.nodes.map(node => [node.key, node]));
    const on = { toggle: node => this.toggle(node), bin: (node, bin) => this.store.select('bin', node.id, { chunks: bin.chunks }) };
    put(
      this.layer,
      this.placed.frames.map(frame =>
        s(
          'g',
          { class: 'frame' },
          s('rect', { x: frame.x, y: frame.y, width: frame.width, height: frame.height, rx: 10 }),
          s('text', { class: 'note', x: frame.x + 10, y: frame.y - 5 }, `stage ${frame.stage + 1}: run together, element by element`),
        ),
      ),
      this.placed.edges.map(edge =>
        s(
          'path',
          {
            class: `edge ${edge.critical ? 'critical' : ''} ${edge.kind === 'frees' ? 'frees' : ''}`,
            d: curve(edge.points),
            'marker-end': edge.critical ? 'url(#arrow-critical)' : 'url(#arrow)',
          },
          s('title', null, edge.count > 1 ? `${countOf(edge.count, 'edge')}` : edge.kind),
        ),
      ),
      shown.nodes.map(node => this.node(node, bins.get(node.key), on)),
    );
    put(
      this.note,
      items.length > shown.nodes.length
        ? `${countOf(items.length, 'node')} in ${countOf(shown.nodes.length, 'node')} by step`
        : countOf(items.length, 'node'),
    );
    const k = Math.min(LARGEST, Math.max(this.svg.clientWidth / this.placed.width, SMALLEST));
    this.svg.style.setProperty('height', `${Math.round(Math.max(190, Math.min(460, k * this.placed.height + 36)))}px`);
    this.drawCrumbs(shown.nodes);
    this.mark();
  }

  node(node, bins, on) {
    const box = this.placed.nodes.get(node.key);
    return s(
      'g',
      {
        class: `node ${node.kind} ${node.critical ? 'critical' : ''}`,
        transform: `translate(${box.x},${box.y})`,
        tabindex: -1,
        role: 'button',
        'aria-label': nameOf(node, this.model),
        'data-key': node.key,
        onclick: () => {
          this.reach(node.key);
          this.choose(node);
        },
        ondblclick: () => this.toggle(node),
      },
      node.label.length > 16 && s('title', null, node.label),
      drawNode(node, box, this.model, bins, on),
    );
  }

  // The groups that are open, each with a way to close it.
  drawCrumbs(nodes) {
    const open = new Map();
    for (const node of nodes) for (const parent of node.parents) open.set(parent.key, parent);
    this.crumbs.hidden = !open.size;
    put(
      this.crumbs,
      [...open.values()].map(group =>
        h(
          'button',
          { class: 'crumb', 'aria-label': `collapse ${group.label}`, onclick: () => this.toggle(group) },
          `${group.label}: ${group.about} ×`,
        ),
      ),
    );
  }

  choose(node) {
    if (node.kind === 'group') this.store.select('group', node.id, { group: node });
    else this.store.select(node.kind, node.id);
  }

  toggle(node) {
    if (node.kind === 'group') {
      const at = this.opened.indexOf(node.key);
      if (at >= 0) this.opened.splice(at, 1);
      else this.opened.push(node.key);
      this.draw();
      this.fit();
      return;
    }
    if (node.kind !== 'pass' || !this.model.chunksOf(node.id).length) return;
    if (!this.openPasses.delete(node.id)) this.openPasses.add(node.id);
    this.draw();
    this.reach(node.key);
  }

  mark() {
    const { selection } = this.store.state;
    const kind = selection?.kind === 'bin' ? 'pass' : selection?.kind;
    const keys = new Set([`${kind}:${selection?.id}`]);
    if (kind === 'chunk') this.model.passesOf(selection.id).forEach(pass => keys.add(`pass:${pass}`));
    const task = kind === 'task' && this.model.doc.tasks[selection.id];
    if (task && task.stage !== null) this.model.doc.stages[task.stage].passes.forEach(pass => keys.add(`pass:${pass}`));
    for (const node of this.layer.querySelectorAll('.node')) {
      const on = keys.has(node.dataset.key) || (kind === 'group' && node.dataset.key === selection.group.key);
      node.classList.toggle('selected', on);
      node.setAttribute('aria-pressed', on);
    }
    if (!this.layer.querySelector('.node[tabindex="0"]')) this.layer.querySelector('.node')?.setAttribute('tabindex', 0);
  }

  // Makes a node the one that Tab reaches, and focuses it.
  reach(key) {
    for (const node of this.layer.querySelectorAll('.node[tabindex="0"]')) node.setAttribute('tabindex', -1);
    const node = this.layer.querySelector(`.node[data-key="${CSS.escape(key)}"]`);
    node?.setAttribute('tabindex', 0);
    node?.focus({ preventScroll: true });
  }

  key(event) {
    const at = event.target.closest?.('.node');
    const node = at && this.nodes.get(at.dataset.key);
    const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    if (node && moves[event.key]) this.step(node, moves[event.key]);
    else if (node && (event.key === 'Enter' || event.key === ' ')) this.choose(node);
    else if (node && (event.key === '+' || event.key === '-') && (node.kind === 'pass' || node.kind === 'group')) {
      if ((event.key === '+') !== this.openPasses.has(node.id)) this.toggle(node);
    } else if (event.key === '+') this.scale(1.4);
    else if (event.key === '-') this.scale(1 / 1.4);
    else if (event.key === '0') this.fit();
    else return;
    event.preventDefault();
  }

  // To the nearest node in a direction.
  step(from, [dx, dy]) {
    const middle = key => {
      const box = this.placed.nodes.get(key);
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const [x, y] = middle(from.key);
    let best = null;
    for (const key of this.nodes.keys()) {
      const [ox, oy] = middle(key);
      const along = (ox - x) * dx + (oy - y) * dy;
      const across = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
      if (along > 1 && (!best || along + 2 * across < best.far)) best = { key, far: along + 2 * across };
    }
    if (best) this.reach(best.key);
  }

  scale(factor) {
    select(this.svg).call(this.zoom.scaleBy, factor);
  }

  /** All of it in view; a long one from its begin, at a size that can be read. */
  fit() {
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width || !this.placed) return;
    const all = Math.min(width / this.placed.width, height / this.placed.height);
    // All of it, unless nothing could be told apart.
    const k = Math.min(LARGEST, Math.max(all, LEAST));
    const x = Math.max((width - k * this.placed.width) / 2, 0);
    const y = (height - k * this.placed.height) / 2;
    select(this.svg).call(this.zoom.transform, zoomIdentity.translate(x, y).scale(k));
  }
}

const arrow = id =>
  s(
    'marker',
    { id, class: id, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: 'userSpaceOnUse', orient: 'auto' },
    s('path', { d: 'M0,0.5 L8,4 L0,7.5 Z' }),
  );
