// What panels are made of: pairs of a word and a figure, links to other things, a histogram.
import { h, s } from '../dom.js';
import { countOf, seconds } from '../format.js';
import { passClass } from '../palette.js';

/** Pairs as a list; those without a value are left out. */
export const pairs = list =>
  h(
    'dl',
    { class: 'pairs' },
    list.filter(one => one && one[1] !== null && one[1] !== undefined).map(([word, value]) => [h('dt', null, word), h('dd', null, value)]),
  );

/** A part of a panel, with a title; nothing where it has no content. */
export const part = (title, ...content) =>
  content.flat(9).some(Boolean) ? h('section', { class: 'part' }, h('h3', null, title), content) : null;

/** A link to something else: selects it. */
export const link = (store, kind, id, text, pass) =>
  h(
    'button',
    { class: 'link', onclick: () => store.select(kind, id) },
    pass !== undefined && h('i', { class: `swatch ${passClass(pass)}` }),
    text,
  );

/** Links, the first few of them. */
export function links(list, most = 12) {
  if (!list.length) return null;
  return h(
    'div',
    { class: 'links' },
    list.slice(0, most),
    list.length > most && h('span', { class: 'note' }, `and ${list.length - most} more`),
  );
}

/** How long chunks took, as a histogram whose bins grow: a straggler stands alone on the right. */
export function histogram(times, colour) {
  const positive = times.filter(time => time > 0);
  if (positive.length < 8) return null;
  let [least, most] = [Infinity, 0];
  for (const time of positive) {
    least = Math.min(least, time);
    most = Math.max(most, time);
  }
  if (most / least < 1.01) return null;
  const n = 24;
  const bins = new Array(n).fill(0);
  const width = Math.log(most / least) / n;
  for (const time of positive) bins[Math.min(n - 1, Math.floor(Math.log(time / least) / width))] += 1;
  const top = bins.reduce((a, b) => Math.max(a, b), 0);
  const tall = one => (one ? Math.max(2, (Math.log1p(one) / Math.log1p(top)) * 44) : 0);
  return h(
    'figure',
    { class: 'histogram' },
    s(
      'svg',
      {
        viewBox: '0 0 240 46',
        role: 'img',
        'aria-label': `Times of ${countOf(positive.length, 'chunk')}, from ${seconds(least)} to ${seconds(most)}`,
      },
      bins.map((one, i) =>
        s(
          'rect',
          { class: `fill ${colour}`, x: i * 10, y: 46 - tall(one), width: 9, height: tall(one) },
          s(
            'title',
            null,
            `${countOf(one, 'chunk')}: ${seconds(least * Math.exp(i * width))} to ${seconds(least * Math.exp((i + 1) * width))}`,
          ),
        ),
      ),
    ),
    h('figcaption', null, h('span', null, seconds(least)), h('span', { class: 'note' }, 'logarithmic'), h('span', null, seconds(most))),
  );
}
