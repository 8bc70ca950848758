// The side panel: details of what is selected; with nothing selected, the whole and how to read the page.
import { h, put, s } from '../dom.js';
import { countOf, seconds } from '../format.js';
import * as graph from './graph.js';
import { link, links, part } from './parts.js';
import * as work from './work.js';

const kinds = { ...graph, ...work };

export class Panel {
  constructor(model, store, actions) {
    Object.assign(this, { model, store, actions });
    this.element = h('aside', { class: 'panel card', id: 'panel', 'aria-live': 'polite', 'aria-label': 'Details' });
    store.listen((state, changed) => changed.has('selection') && this.draw());
    this.draw();
  }

  draw() {
    const { selection } = this.store.state;
    const show = selection && kinds[selection.kind];
    if (!show) {
      put(
        this.element,
        h(
          'header',
          { class: 'panel-head' },
          h('h2', null, 'Details'),
          h('p', { class: 'note' }, 'Click on a pass, a resource, a chunk or a row.'),
        ),
        this.overview(),
      );
      return;
    }
    const [title, kind, content] = show(this.model, this.store, this.actions, selection);
    put(
      this.element,
      h(
        'header',
        { class: 'panel-head' },
        h('button', { class: 'tool close', 'aria-label': 'Close details', title: 'Close (Esc)', onclick: () => this.store.clear() }, '×'),
        h('p', { class: 'note' }, kind),
        h('h2', { id: 'panel-title' }, title),
      ),
      content,
    );
    this.element.scrollTop = 0;
  }

  overview() {
    const { model, store } = this;
    const died = model.run?.workers.filter(one => one.died !== null) ?? [];
    const critical = model.doc.critical_path.tasks.filter(task => model.doc.tasks[task].stage !== null);
    const passes = critical.flatMap(task => model.doc.stages[model.doc.tasks[task].stage].passes);
    return [
      part(
        'Workers that died',
        died.length > 0 &&
          h(
            'ul',
            { class: 'plain' },
            died
              .slice(0, 8)
              .map(one =>
                h(
                  'li',
                  null,
                  link(store, 'worker', one.worker, `worker ${one.worker}`),
                  h('span', { class: 'note' }, ` at ${seconds(one.left)}: ${one.died}`),
                ),
              ),
          ),
      ),
      part(
        'Critical path',
        links(passes.slice(0, 8).map(pass => link(store, 'pass', pass, model.passName(pass), pass))),
        passes.length > 8 && h('p', { class: 'note' }, `and ${countOf(passes.length - 8, 'pass', 'passes')} more`),
      ),
      part('The workers’ time', model.run?.activities.length > 0 && work.activities(model.run.activities)),
      part(
        'How to read the graph',
        h(
          'ul',
          { class: 'plain reading' },
          h(
            'li',
            null,
            sample(s('path', { class: 'can', d: 'M2,5 A12,4 0 0 1 26,5 V17 A12,4 0 0 1 2,17 Z' })),
            'a resource: something in shared memory',
          ),
          h(
            'li',
            null,
            sample(
              s('rect', { class: 'box', x: 1, y: 3, width: 26, height: 16, rx: 3 }),
              s('rect', { class: 'stripe pass-0', x: 1, y: 3, width: 4, height: 16 }),
            ),
            'a pass; + shows its chunks in bins, darker took longer',
          ),
          h('li', null, sample(s('rect', { class: 'box', x: 4, y: 6, width: 20, height: 11 })), 'another task'),
          h(
            'li',
            null,
            sample(s('path', { class: 'edge critical', d: 'M2,11 H26' })),
            'the critical path: no number of workers makes it shorter',
          ),
        ),
      ),
      part(
        'Keys',
        h(
          'ul',
          { class: 'plain keys' },
          h(
            'li',
            null,
            h('kbd', null, 'Ctrl'),
            ' + wheel, ',
            h('kbd', null, '+'),
            ' ',
            h('kbd', null, '−'),
            ' zoom, ',
            h('kbd', null, '0'),
            ' shows all, drag moves',
          ),
          h(
            'li',
            null,
            h('kbd', null, '←'),
            ' ',
            h('kbd', null, '→'),
            ' ',
            h('kbd', null, '↑'),
            ' ',
            h('kbd', null, '↓'),
            ' go along graph, timeline, rows',
          ),
          h('li', null, h('kbd', null, '/'), ' searches, ', h('kbd', null, 'Esc'), ' closes details'),
        ),
      ),
    ];
  }
}

const sample = (...shapes) =>
  s(
    'svg',
    { class: 'sample graph', viewBox: '0 0 28 22', width: 28, height: 22, 'aria-hidden': 'true' },
    s('g', { class: 'node' }, shapes),
  );
