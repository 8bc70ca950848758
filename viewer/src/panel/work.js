// What the side panel says of work: passes, chunks, bins of them, workers. Each gives `[title, kind in words, content]`.
import { h } from '../dom.js';
import { bytes, count, countOf, percent, range, seconds } from '../format.js';
import { passClass } from '../palette.js';
import { chunkLink, passLink, resourceLink, taskLink } from './links.js';
import { histogram, link, links, pairs, part } from './parts.js';

function slowest(model, store, actions, pass) {
  const list = pass.figures?.slowest ?? [];
  if (!list.length) return null;
  return h(
    'ol',
    { class: 'slowest' },
    list.map(one => {
      const chunk = model.chunkWith(pass.stage, one.element);
      const name = one.name === null ? `element ${count(one.element)}` : `${one.name} (${count(one.element)})`;
      return h(
        'li',
        null,
        chunk < 0 ? name : chunkLink(model, store, chunk, actions, name),
        h('span', { class: 'figure-right' }, seconds(one.seconds)),
      );
    }),
  );
}

export function pass(model, store, actions, { id }) {
  const one = model.doc.passes[id];
  const f = one.figures;
  const chunks = model.chunksOf(id);
  const stage = model.doc.stages[one.stage];
  const times = f ? Array.from(chunks, chunk => model.took(chunk)) : [];
  return [
    one.name,
    'pass',
    [
      one.about && h('p', { class: 'about' }, one.about),
      one.part !== 'map' && h('p', { class: 'note' }, 'It brings results together.'),
      f?.misled && h('p', { class: 'note' }, 'Its elements did not cost what was expected: what was left was cut anew.'),
      pairs([
        ['elements', count(one.elements)],
        f && ['chunks', count(f.chunks)],
        ['schedule', one.schedule],
        ['stage', stage.passes.length > 1 ? `${one.stage + 1}, of ${stage.passes.length} passes` : one.stage + 1],
        !f && stage.pieces > 0 && ['pieces', count(stage.pieces)],
        ['FUN, expected', one.predicted_fun_seconds === null ? null : seconds(one.predicted_fun_seconds)],
        f && ['FUN', seconds(f.fun_seconds)],
        f && ['share of all FUN', percent(f.share)],
        f && ['utilisation', percent(f.utilisation)],
        f && ['overhead', percent(f.overhead)],
        f && ['from – to', `${seconds(f.began)} – ${seconds(f.ended)}`],
        f && ['mean chunk', seconds(f.mean_chunk)],
        f && ['longest chunk', seconds(f.longest_chunk)],
        f && ['bytes of results', bytes(f.bytes)],
        f && f.retries > 0 && ['retries', count(f.retries)],
      ]),
      part('How long chunks took', histogram(times, passClass(id))),
      part('Slowest elements', slowest(model, store, actions, one)),
      part('Reads', links(one.reads.map(resource => resourceLink(model, store, resource)))),
      part('Takes the elements of', links(one.after.map(other => passLink(model, store, other)))),
      part('Gives', one.result === null ? null : links([resourceLink(model, store, one.result)])),
      one.result === null && h('p', { class: 'note' }, 'Its results never leave the stage: the next pass takes each element at once.'),
      part('Tasks', links(model.tasksOf(id).map(task => taskLink(model, store, task.id)))),
    ],
  ];
}

export function bin(model, store, actions, { id, chunks }) {
  let [took, fun] = [0, 0];
  for (const chunk of chunks) {
    took += model.took(chunk);
    fun += model.chunks.fun[chunk];
  }
  const [first, last] = [chunks[0], chunks[chunks.length - 1]];
  return [
    `Chunks ${range(model.chunks.number[first], model.chunks.number[last])}`,
    `of pass ${model.passName(id)}`,
    [
      pairs([
        ['chunks', count(chunks.length)],
        ['elements', range(model.chunks.first[first], model.chunks.last[last])],
        ['time', seconds(took)],
        ['FUN', seconds(fun)],
        ['lost or failed', count(chunks.reduce((sum, chunk) => sum + (model.chunks.state[chunk] ? 1 : 0), 0))],
      ]),
      part(
        'How long chunks took',
        histogram(
          Array.from(chunks, chunk => model.took(chunk)),
          passClass(id),
        ),
      ),
      part('Chunks', links([...chunks].map(chunk => chunkLink(model, store, chunk, actions)))),
      part('Pass', links([passLink(model, store, id)])),
    ],
  ];
}

export function chunk(model, store, actions, { id }) {
  const c = model.chunks;
  const took = model.took(id);
  const passes = model.passesOf(id);
  const steps = model.stepsOf(id);
  const mean = model.doc.passes[passes[0]]?.figures?.mean_chunk;
  const slow = passes.flatMap(one =>
    (model.doc.passes[one].figures?.slowest ?? []).filter(it => c.first[id] <= it.element && it.element <= c.last[id]).map(it => [one, it]),
  );
  const tried = model.related(id);
  return [
    `Chunk ${count(c.number[id])}`,
    `${model.state(id)} · of ${model.stageName(c.stage[id])}`,
    [
      pairs([
        ['elements', range(c.first[id], c.last[id])],
        ['state', model.state(id)],
        ['attempt', count(c.attempt[id])],
        ['began', seconds(c.started[id])],
        ['ended', seconds(c.ended[id])],
        ['took', seconds(took)],
        mean > 0 && ['against the mean', `${(took / mean).toPrecision(2)} ×`],
        ['FUN', took > 0 ? `${seconds(c.fun[id])} (${percent(c.fun[id] / took)})` : seconds(c.fun[id])],
        ['bytes written', bytes(c.bytes[id])],
      ]),
      part('Worker', links([link(store, 'worker', c.worker[id], `worker ${c.worker[id]}`)])),
      part(
        passes.length > 1 ? 'Passes' : 'Pass',
        steps.length
          ? h(
              'ol',
              { class: 'slowest plain' },
              steps.map(step => h('li', null, passLink(model, store, step.pass), h('span', { class: 'figure-right' }, seconds(step.fun)))),
            )
          : links(passes.map(one => passLink(model, store, one))),
      ),
      part(
        'Slow elements in it',
        slow.length > 0 &&
          h(
            'ol',
            { class: 'slowest plain' },
            slow.map(([, it]) =>
              h('li', null, it.name ?? `element ${count(it.element)}`, h('span', { class: 'figure-right' }, seconds(it.seconds))),
            ),
          ),
      ),
      part(
        'Other attempts at its elements',
        links(
          tried.map(other =>
            chunkLink(model, store, other, actions, `chunk ${count(c.number[other])}, attempt ${c.attempt[other]}: ${model.state(other)}`),
          ),
        ),
      ),
    ],
  ];
}

/** What workers spend their time on, and what it is called. */
export const ACTIVITIES = [
  ['run', 'FUN'],
  ['call', 'calls'],
  ['collect', 'garbage'],
  ['serialize', 'results'],
  ['map', 'making ready'],
  ['load', 'loading packages'],
  ['wait', 'waiting'],
  ['idle', 'not there'],
];

/** A table of seconds by activity. */
export const activities = all =>
  h(
    'table',
    { class: 'mini' },
    ACTIVITIES.map(([key, label]) => {
      const sum = all.reduce((total, one) => total + one[key], 0);
      const whole = all.reduce((total, one) => total + ACTIVITIES.reduce((part, [name]) => part + one[name], 0), 0);
      return h(
        'tr',
        null,
        h('th', { scope: 'row' }, label),
        h('td', null, seconds(sum)),
        h('td', null, whole > 0 ? percent(sum / whole) : '–'),
      );
    }),
  );

export function worker(model, store, actions, { id }) {
  const lane = model.byWorker[id] ?? [];
  const lives = model.run.workers.filter(one => one.worker === id);
  const did = model.run.activities[id - 1];
  return [
    `Worker ${id}`,
    countOf(lane.length, 'chunk'),
    [
      lives.map(one =>
        pairs([
          ['host', model.hostOf(id)?.name],
          ['process', one.pid],
          ['joined', seconds(one.joined)],
          [one.died === null ? 'left' : 'died', seconds(one.left)],
          ['how', one.died],
        ]),
      ),
      part('Its time', did && activities([did])),
      part(
        'Longest chunks',
        links(
          [...lane]
            .sort((a, b) => model.took(b) - model.took(a))
            .slice(0, 5)
            .map(it => chunkLink(model, store, it, actions, `chunk ${count(model.chunks.number[it])}: ${seconds(model.took(it))}`)),
        ),
      ),
    ],
  ];
}

export function host(model, store, actions, { id }) {
  const one = model.hosts[id];
  const workers = Array.from({ length: one.workers }, (_, i) => one.first_worker + i);
  return [
    one.name,
    'host',
    [
      pairs([
        ['elements', count(one.elements)],
        ['FUN', seconds(one.fun_seconds)],
        ['utilisation', percent(one.utilisation)],
        ['memory at most', bytes(one.peak_bytes)],
        ['sent', bytes(model.moved(one, 'sent'))],
        ['received', bytes(model.moved(one, 'received'))],
        [one.lost === null ? 'until' : 'lost', seconds(one.left)],
        ['why', one.lost],
      ]),
      part('Workers', links(workers.map(worker => link(store, 'worker', worker, `worker ${worker}`)))),
    ],
  ];
}
