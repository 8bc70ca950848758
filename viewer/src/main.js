// Puts the page together from the document that stands in it.
import { h } from './dom.js';
import { GraphView } from './graph/view.js';
import { header, summary } from './header.js';
import { Model } from './model.js';
import { Panel } from './panel/view.js';
import { Store } from './store.js';
import { TableView } from './table/view.js';
import { theme } from './theme.js';
import { TimeView, Tip } from './time/view.js';

function start() {
  const model = new Model(JSON.parse(document.getElementById('document').textContent));
  const store = new Store({ selection: null, mode: 'light' });
  const toggle = theme(store);
  const voice = h('div', { class: 'unseen', 'aria-live': 'polite' });
  const say = text => {
    voice.textContent = text;
  };
  const tip = new Tip();

  const graph = new GraphView(model, store);
  const time = new TimeView(model, store, tip, say);
  const table = new TableView(model, store, { picked: (kind, id) => kind === 'chunk' && time.reveal(id) });
  const panel = new Panel(model, store, { reveal: chunk => time.reveal(chunk), table, toggle: (kind, node) => graph.toggle(node) });

  const pictures = model.run ? [time.element, graph.element] : [graph.element, time.element];
  document.body.append(
    h('a', { class: 'skip', href: '#table' }, 'Skip to the table'),
    header(model, toggle),
    summary(model),
    h('main', null, h('div', { class: 'views' }, pictures, table.element), panel.element),
    tip.element,
    voice,
  );
  time.resize();
  table.rows();
  graph.draw();
  graph.fit();
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape') store.clear();
    if (event.key === '/' && !/^(INPUT|SELECT)$/.test(event.target.tagName)) {
      event.preventDefault();
      table.search.focus();
    }
  });
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

start();
