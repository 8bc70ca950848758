// Workers over time with memory under them, on one axis that both zoom along.
import { select } from 'd3-selection';
import { zoom, zoomIdentity } from 'd3-zoom';
import { h, put } from '../dom.js';
import { bytes, size, countOf, range, seconds } from '../format.js';
import { inks, passClass } from '../palette.js';
import { Axis, LEFT, RIGHT, prepare, ticks } from './axis.js';
import { Lanes } from './lanes.js';
import { livesOf } from './lives.js';
import { MemoryChart } from './memory.js';
import { Network } from './network.js';

export class TimeView {
  constructor(model, store, tip, say) {
    Object.assign(this, { model, store, tip, say });
    const lives = livesOf(model);
    this.axis = new Axis(lives.end);
    this.steps = lives.steps;
    this.lanes = model.run && (model.tracks || model.count) ? new Lanes(model) : null;
    this.network = new Network(model);
    this.memory = new MemoryChart(model, lives);
    this.top = h('canvas', {
      class: 'lanes',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'timeline',
      'aria-label':
        'Timeline: chunks by worker. Left and right go from chunk to chunk, up and down from worker to worker, plus and minus zoom.',
    });
    this.bottom = h('canvas', { class: 'memory', role: 'img', 'aria-label': this.memoryLabel() });
    const untraced =
      this.lanes && !model.count && h('p', { class: 'note untraced' }, 'No trace of chunks was kept; memControl(trace = TRUE) keeps one.');
    this.plot = h(
      'div',
      { class: 'plot' },
      untraced,
      this.lanes && h('div', { class: 'lanes-box' }, this.top),
      h(
        'h3',
        null,
        this.steps
          ? 'Memory by step, as predicted: what lives from which step to which'
          : model.hosts.length
            ? 'When each resource was there, on whichever host'
            : 'Memory: bytes of the run’s own pages, and each resource from birth to the moment it was freed',
      ),
      this.bottom,
    );
    this.element = h(
      'section',
      { class: 'card time-card', 'aria-labelledby': 'time-title' },
      h(
        'header',
        { class: 'card-head' },
        h('h2', { id: 'time-title' }, this.lanes ? 'Timeline' : 'Lifetimes'),
        this.legend(),
        h(
          'span',
          { class: 'tools' },
          h(
            'button',
            { class: 'tool', 'aria-label': 'Zoom in time', title: 'Zoom in (+, Ctrl and wheel)', onclick: () => this.scale(2) },
            '+',
          ),
          h('button', { class: 'tool', 'aria-label': 'Zoom out of time', title: 'Zoom out (−)', onclick: () => this.scale(0.5) }, '−'),
          h('button', { class: 'tool', 'aria-label': 'Show all of the time', title: 'Show all (0)', onclick: () => this.reset() }, 'All'),
        ),
      ),
      this.plot,
    );
    this.listen();
  }

  memoryLabel() {
    const { most, data } = this.memory;
    const what = `at most ${bytes(most)}, ${countOf(data.lives.length, 'resource')}`;
    return `Memory over ${this.steps ? 'steps' : 'time'}: ${what}; all of them are in the table under Resources.`;
  }

  legend() {
    if (!this.lanes) return h('span', { class: 'note' }, 'steps: the number of tasks on the longest way to it');
    const passes = this.model.doc.passes.filter(pass => pass.figures).sort((a, b) => b.figures.fun_seconds - a.figures.fun_seconds);
    return h(
      'span',
      { class: 'legend' },
      passes
        .slice(0, 6)
        .map(pass =>
          h(
            'button',
            { class: 'key', onclick: () => this.store.select('pass', pass.id) },
            h('i', { class: `swatch ${passClass(pass.id)}` }),
            pass.name,
          ),
        ),
      passes.length > 6 && h('span', { class: 'note' }, `and ${passes.length - 6} more`),
      h('span', { class: 'key' }, h('i', { class: 'swatch pale' }), 'not FUN'),
      this.model.hosts.length > 0 && [
        h('span', { class: 'key' }, h('i', { class: 'swatch sent' }), 'sent to a host'),
        h('span', { class: 'key' }, h('i', { class: 'swatch received' }), 'received'),
      ],
      this.model.run.loads.length > 0 && h('span', { class: 'key' }, h('i', { class: 'swatch load' }), 'loading packages'),
      this.model.run.figures.retries + this.model.run.figures.deaths > 0 && [
        h('span', { class: 'key' }, h('i', { class: 'swatch lost' }), 'lost or failed'),
        h('span', { class: 'key' }, h('i', { class: 'swatch death' }, '✕'), 'worker died'),
      ],
    );
  }

  listen() {
    this.zoom = zoom()
      .scaleExtent([1, 1e6])
      .filter(event => (event.type === 'wheel' ? event.ctrlKey || event.metaKey : !event.button))
      .on('zoom', event => {
        this.axis.zoomed(event.transform);
        this.later();
      });
    select(this.plot).call(this.zoom).on('dblclick.zoom', null);
    this.store.listen((_, changed) => (changed.has('selection') || changed.has('mode')) && this.later());
    new ResizeObserver(() => this.resize()).observe(this.plot);
    this.top.addEventListener('mousemove', event => this.overLanes(event));
    this.bottom.addEventListener('mousemove', event => this.overMemory(event));
    for (const canvas of [this.top, this.bottom]) canvas.addEventListener('mouseleave', () => this.tip.hide());
    this.top.addEventListener('click', event => this.clickLanes(event));
    this.bottom.addEventListener('click', event => {
      const hit = this.memory.hit(this.axis, event.offsetX, event.offsetY);
      if (hit?.life) this.store.select('resource', hit.life.resource.id);
    });
    this.top.addEventListener('keydown', event => this.key(event));
  }

  resize() {
    const width = Math.floor(this.plot.clientWidth);
    if (!width || width === this.axis.width) return;
    this.axis.resize(width);
    const extent = [
      [LEFT, 0],
      [width - RIGHT, 100],
    ];
    this.zoom.extent(extent).translateExtent(extent);
    this.axis.zoomed(this.transform());
    this.draw();
  }

  transform() {
    return this.plot.__zoom ?? zoomIdentity;
  }

  later() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.draw();
    });
  }

  draw() {
    if (!this.axis.width) return;
    const colours = { ...inks(), on: getComputedStyle(document.documentElement).getPropertyValue('--on-pass').trim() };
    const { selection } = this.store.state;
    const focus = {
      chunk: selection?.kind === 'chunk' ? selection.id : null,
      resource: selection?.kind === 'resource' ? selection.id : null,
      stage: selection?.kind === 'pass' || selection?.kind === 'bin' ? this.model.doc.passes[selection.id].stage : null,
    };
    const label = this.steps ? step => `step ${step}` : seconds;
    if (this.lanes) {
      const lanes = this.lanes.height * this.model.tracks;
      const tall = lanes + this.network.height;
      const ctx = prepare(this.top, this.axis.width, tall + 22);
      ticks(ctx, this.axis, 0, tall, colours, label);
      this.lanes.draw(ctx, this.axis, colours, focus);
      this.network.draw(ctx, this.axis, lanes, colours);
    }
    const ctx = prepare(this.bottom, this.axis.width, this.memory.height + 22);
    ticks(ctx, this.axis, 0, this.memory.height, colours, label, this.steps);
    this.memory.draw(ctx, this.axis, colours, focus);
  }

  about(chunk) {
    const { model } = this;
    const c = model.chunks;
    const state = model.state(chunk);
    const elements = c.first[chunk] === c.last[chunk] ? 'element' : 'elements';
    const host = model.hostOf(c.worker[chunk]);
    const where = host ? ` on ${host.name}` : '';
    const again = c.attempt[chunk] > 1 ? `, attempt ${c.attempt[chunk]}` : '';
    return [
      `Chunk ${c.number[chunk]} of ${model.stageName(c.stage[chunk])}${state === 'done' ? '' : `, ${state}`}`,
      `${elements} ${range(c.first[chunk], c.last[chunk])}, worker ${c.worker[chunk]}${where}${again}`,
      `took ${seconds(model.took(chunk))}, of which FUN ${seconds(c.fun[chunk])}; began at ${seconds(c.started[chunk])}`,
    ];
  }

  // What is at a place of the rows of hosts.
  overNetwork(event) {
    return this.network.hit(this.axis, event.offsetX, event.offsetY - this.lanes.height * this.model.tracks);
  }

  aboutHost({ host, way, from, until, bytes: moved }) {
    const lines = [`Host ${host.host}: ${host.name}`];
    if (host.lost !== null) lines.push(`lost at ${seconds(host.left)}: ${host.lost}`);
    if (way) lines.push(`${way} ${bytes(moved)} in ${seconds(until - from)}, from ${seconds(from)} on`);
    return lines;
  }

  overLanes(event) {
    const network = this.overNetwork(event);
    const hit = this.lanes.hit(this.axis, event.offsetX, event.offsetY);
    this.top.classList.toggle('pointing', Boolean(hit && (hit.chunk !== null || event.offsetX < LEFT)));
    if (network) this.tip.show(event, this.aboutHost(network));
    else if (hit?.death) this.tip.show(event, [`Worker ${hit.worker} died at ${seconds(hit.death.left)}`, hit.death.died]);
    else if (hit?.load) this.tip.show(event, [`loading packages: ${hit.load.packages}`, seconds(hit.load.until - hit.load.from)]);
    else if (hit && hit.chunk !== null) this.tip.show(event, this.about(hit.chunk));
    else this.tip.hide();
  }

  overMemory(event) {
    const hit = this.memory.hit(this.axis, event.offsetX, event.offsetY);
    this.bottom.classList.toggle('pointing', Boolean(hit?.life));
    const time = t => (this.steps ? `step ${Math.floor(t)}` : seconds(t));
    if (hit?.life) {
      const { resource, from, until } = hit.life;
      this.tip.show(event, [
        `${resource.name}: ${size(resource)}, ${resource.scope}`,
        `from ${time(from)} ${until === null ? 'on, stays' : `to ${time(until)}`}`,
      ]);
    } else if (hit) this.tip.show(event, [bytes(hit.bytes), `at ${time(hit.at)}`]);
    else this.tip.hide();
  }

  clickLanes(event) {
    const network = this.overNetwork(event);
    if (network) return this.store.select('host', network.host.host - 1);
    const hit = this.lanes.hit(this.axis, event.offsetX, event.offsetY);
    if (!hit) return;
    if (hit.chunk !== null && !hit.death) this.store.select('chunk', hit.chunk);
    else if (event.offsetX < LEFT || hit.death) this.store.select('worker', hit.worker);
  }

  key(event) {
    if (event.key === '+') this.scale(2);
    else if (event.key === '-') this.scale(0.5);
    else if (event.key === '0') this.reset();
    else if (/^Arrow/.test(event.key)) this.step(event.key);
    else return;
    event.preventDefault();
  }

  // To the chunk before or after, or to the one at the same time of another worker.
  step(key) {
    const { model } = this;
    const { selection } = this.store.state;
    const lanes = model.byWorker;
    const current = selection?.kind === 'chunk' ? selection.id : null;
    let next = null;
    if (current === null) next = lanes.find(lane => lane?.length)?.[0] ?? null;
    else if (key === 'ArrowLeft' || key === 'ArrowRight') {
      const lane = lanes[model.chunks.worker[current]];
      next = lane[lane.indexOf(current) + (key === 'ArrowRight' ? 1 : -1)] ?? null;
    } else {
      const by = key === 'ArrowDown' ? 1 : -1;
      for (let worker = model.chunks.worker[current] + by; next === null && worker > 0 && worker <= model.tracks; worker += by) {
        const lane = lanes[worker] ?? [];
        next = lane[Math.min(this.lanes.firstAfter(lane, model.chunks.started[current]), lane.length - 1)] ?? null;
      }
    }
    if (next === null) return;
    this.store.select('chunk', next);
    this.reveal(next);
    this.say(this.about(next).join('. '));
  }

  /** Brings a chunk into view, large enough to be seen. */
  reveal(chunk) {
    const { started, ended } = this.model.chunks;
    const [x0, x1] = [this.axis.x(started[chunk]), this.axis.x(ended[chunk])];
    if (x1 - x0 >= 3 && x0 >= LEFT && x1 <= this.axis.width - RIGHT) return;
    const wide = this.axis.base(ended[chunk]) - this.axis.base(started[chunk]);
    const k = x1 - x0 >= 3 ? this.transform().k : Math.min(1e6, Math.max(1, 24 / Math.max(wide, 1e-9)));
    const plot = select(this.plot);
    plot.call(this.zoom.transform, zoomIdentity.scale(k));
    plot.call(this.zoom.translateTo, this.axis.base((started[chunk] + ended[chunk]) / 2), 0);
  }

  scale(factor) {
    select(this.plot).call(this.zoom.scaleBy, factor);
  }

  reset() {
    select(this.plot).call(this.zoom.transform, zoomIdentity);
  }
}

/** A small text beside the pointer. */
export class Tip {
  constructor() {
    this.element = h('div', { class: 'tip', hidden: true });
  }

  show(event, lines) {
    put(
      this.element,
      lines.map((line, i) => h('div', { class: i ? '' : 'first' }, line)),
    );
    this.element.hidden = false;
    const { width, height } = this.element.getBoundingClientRect();
    const x = Math.min(event.clientX + 14, window.innerWidth - width - 8);
    const y = event.clientY + 18 + height > window.innerHeight ? event.clientY - height - 10 : event.clientY + 18;
    this.element.style.setProperty('transform', `translate(${Math.max(4, x)}px, ${y}px)`);
  }

  hide() {
    this.element.hidden = true;
  }
}
