// How nodes look: resources are cylinders, tasks are boxes, passes are boxes with their colour and, opened, their chunks in bins.
import { s, shorten } from '../dom.js';
import { size, count, countOf, percent, range, seconds, short } from '../format.js';
import { passClass } from '../palette.js';

const CELL = 15;
const PER_ROW = 11;
const few = (n, what) => `${short(n)} ${what}${n === 1 ? '' : 's'}`;
const rows = bins => Math.ceil(bins / PER_ROW);

/** The size of a node; a pass that is opened needs room for its bins. */
export function sizeOf(node, bins) {
  if (node.kind === 'pass') return { width: 196, height: 70 + (bins ? rows(bins.length) * CELL + 8 : 0) };
  if (node.kind === 'resource') return { width: Math.max(96, Math.min(150, 34 + 7 * node.label.length)), height: 54 };
  if (node.kind === 'group') return { width: 214, height: 56 };
  return { width: 68, height: 28 };
}

/** What a screen reader says of a node. */
export function nameOf(node, model) {
  const path = node.critical ? ', on the critical path' : '';
  if (node.kind === 'pass') return `pass ${node.label}, ${countOf(model.doc.passes[node.id].elements, 'element')}${path}`;
  if (node.kind === 'resource') return `resource ${node.label}, ${size(model.doc.resources[node.id])}${path}`;
  if (node.kind === 'group') return `${node.label}: ${node.about}; opens${path}`;
  return `task ${node.label}${path}`;
}

/** Draws a node into a group at its place. `on` has `toggle(node)` and `bin(node, bin)`. */
export function drawNode(node, box, model, bins, on) {
  if (node.kind === 'pass') return drawPass(node, box, model, bins, on);
  if (node.kind === 'resource') return drawResource(node, box, model);
  if (node.kind === 'group') return drawGroup(node, box, on);
  return [
    s('rect', { class: 'box', width: box.width, height: box.height }),
    s('text', { class: 'name small', x: box.width / 2, y: box.height / 2 + 4, 'text-anchor': 'middle' }, node.what),
  ];
}

function drawPass(node, box, model, bins, on) {
  const pass = model.doc.passes[node.id];
  const figures = pass.figures;
  const chunks = model.chunksOf(node.id);
  const lines = figures
    ? `${few(pass.elements, 'element')} · ${few(figures.chunks, 'chunk')}`
    : `${few(pass.elements, 'element')} · ${pass.schedule}`;
  const bar = box.width - 26;
  return [
    s('rect', { class: pass.part === 'map' ? 'box' : 'box helper', width: box.width, height: box.height, rx: 6 }),
    s('path', { class: `stripe ${passClass(node.id)}`, d: `M6,0 H7 V${box.height} H6 A6,6 0 0 1 0,${box.height - 6} V6 A6,6 0 0 1 6,0` }),
    s('text', { class: 'name', x: 16, y: 21 }, shorten(node.label, 21)),
    s('text', { class: 'note', x: 16, y: 37 }, shorten(lines, 34)),
    figures && [
      s('rect', { class: 'track', x: 16, y: 45, width: bar, height: 4, rx: 2 }),
      s('rect', {
        class: `fill ${passClass(node.id)}`,
        x: 16,
        y: 45,
        width: Math.max(2, bar * Math.min(1, figures.share)),
        height: 4,
        rx: 2,
      }),
      s('text', { class: 'note', x: 16, y: 62 }, `FUN ${seconds(figures.fun_seconds)} · ${percent(figures.share)}`),
      figures.retries > 0 &&
        s('text', { class: 'note bad', x: box.width - 10, y: 62, 'text-anchor': 'end' }, `✕ ${count(figures.retries)} lost`),
    ],
    !figures &&
      pass.predicted_fun_seconds !== null &&
      s('text', { class: 'note', x: 16, y: 54 }, `FUN ${seconds(pass.predicted_fun_seconds)} expected`),
    chunks.length > 0 && opener(box.width - 20, 8, Boolean(bins), `chunks of ${node.label}`, event => on.toggle(node, event)),
    bins && drawBins(node, model, bins, on),
  ];
}

function drawBins(node, model, bins, on) {
  const most = bins.reduce((most, bin) => Math.max(most, bin.seconds), 0);
  return s(
    'g',
    { class: 'bins', transform: 'translate(16,72)' },
    bins.map((bin, i) => {
      const [first, last] = [bin.chunks[0], bin.chunks[bin.chunks.length - 1]];
      const about = `${bin.chunks.length === 1 ? 'chunk' : 'chunks'} ${range(model.chunks.number[first], model.chunks.number[last])}, ${seconds(
        bin.seconds,
      )}${bin.bad ? `, ${bin.bad} lost or failed` : ''}`;
      const [x, y] = [(i % PER_ROW) * CELL, Math.floor(i / PER_ROW) * CELL];
      const cell = s(
        'g',
        {
          class: bin.bad ? 'bin bad' : 'bin',
          role: 'button',
          'aria-label': about,
          transform: `translate(${x},${y})`,
          onclick: event => {
            event.stopPropagation();
            on.bin(node, bin);
          },
        },
        s('title', null, about),
        s('rect', { class: 'under', width: CELL - 2, height: CELL - 2, rx: 2 }),
        s('rect', {
          class: `heat ${passClass(node.id)}`,
          width: CELL - 2,
          height: CELL - 2,
          rx: 2,
          'fill-opacity': (0.18 + 0.82 * (most > 0 ? bin.seconds / most : 0)).toFixed(3),
        }),
        bin.bad > 0 && s('path', { class: 'cross', d: 'M4,4 L9,9 M9,4 L4,9' }),
      );
      return cell;
    }),
  );
}

function drawResource(node, box, model) {
  const resource = model.doc.resources[node.id];
  const { width: w, height: h } = box;
  const e = 7;
  return [
    s('path', { class: `can ${resource.scope}`, d: `M0,${e} A${w / 2},${e} 0 0 1 ${w},${e} V${h - e} A${w / 2},${e} 0 0 1 0,${h - e} Z` }),
    s('path', { class: 'rim', d: `M0,${e} A${w / 2},${e} 0 0 0 ${w},${e}` }),
    s('text', { class: 'name small', x: w / 2, y: 29, 'text-anchor': 'middle' }, shorten(node.label, 17)),
    s('text', { class: 'note', x: w / 2, y: 43, 'text-anchor': 'middle' }, size(resource)),
  ];
}

function drawGroup(node, box, on) {
  return [
    s('rect', { class: 'box back', x: 5, y: 5, width: box.width - 5, height: box.height - 5, rx: 4 }),
    s('rect', { class: 'box', width: box.width - 5, height: box.height - 5, rx: 4 }),
    s('text', { class: 'name', x: 12, y: 21 }, node.label),
    s('text', { class: 'note', x: 12, y: 38 }, shorten(node.about, 30)),
    opener(box.width - 26, 8, false, node.label, event => on.toggle(node, event)),
  ];
}

function opener(x, y, open, what, act) {
  return s(
    'g',
    {
      class: 'opener',
      role: 'button',
      'aria-label': `${open ? 'collapse' : 'expand'} ${what}`,
      transform: `translate(${x},${y})`,
      onclick: event => {
        event.stopPropagation();
        act(event);
      },
    },
    s('title', null, open ? 'Collapse' : 'Expand'),
    s('rect', { width: 13, height: 13, rx: 3 }),
    s('path', { d: open ? 'M3.5,6.5 H9.5' : 'M3.5,6.5 H9.5 M6.5,3.5 V9.5' }),
  );
}
