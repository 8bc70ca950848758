// The tables and their columns. `value` is what a column sorts by, `text` what it shows; `fill` a part from 0 to 1, drawn as a bar.
import { bytes, count, percent, range, seconds } from '../format.js';

const missing = x => (x === null || x === undefined ? -Infinity : x);
const number = (label, value, text = count, more) => ({
  label,
  value: id => missing(value(id)),
  text: id => (missing(value(id)) === -Infinity ? '–' : text(value(id))),
  number: true,
  width: '1fr',
  ...more,
});
const word = (label, value, more) => ({ label, value, text: value, width: '1.6fr', ...more });

/** The tables of a document: `[{key, label, size, kind, columns, passes(id)}]`; `passes` are those that a row has to do with. */
export function tables(model) {
  const out = [];
  if (model.run) out.push(chunks(model));
  out.push(tasks(model), passes(model), resources(model));
  if (model.hosts.length) out.push(hosts(model));
  if (model.run) out.push(events(model));
  return out;
}

function chunks(model) {
  const c = model.chunks;
  let longest = 0;
  for (let i = 0; i < model.count; i++) longest = Math.max(longest, model.took(i));
  const names = model.doc.stages.map(stage => model.stageName(stage.id));
  return {
    key: 'chunks',
    label: 'Chunks',
    size: model.count,
    kind: 'chunk',
    passes: i => model.passesOf(i),
    empty: 'No trace of chunks was kept.',
    bad: i => ['lost', 'failed'].includes(model.state(i)),
    columns: [
      number('Chunk', i => c.number[i], count, { width: '0.7fr' }),
      word('Pass', i => names[c.stage[i]], { width: '1.4fr' }),
      { label: 'Elements', value: i => c.first[i], text: i => range(c.first[i], c.last[i]), number: true, width: '1.3fr' },
      number('Worker', i => c.worker[i], count, { width: '0.7fr' }),
      number('Attempt', i => c.attempt[i], count, { width: '0.85fr' }),
      word('State', i => model.state(i), { width: '0.8fr' }),
      number('Began', i => c.started[i], seconds),
      number('Took', i => model.took(i), seconds, { fill: i => (longest > 0 ? model.took(i) / longest : 0), width: '1.2fr' }),
      number('FUN', i => c.fun[i], seconds),
      number('Bytes', i => c.bytes[i], bytes),
    ],
  };
}

function tasks(model) {
  const { doc } = model;
  const at = (i, name) => doc.tasks[i].life?.[name];
  const related = i => {
    const task = doc.tasks[i];
    if (task.stage !== null) return doc.stages[task.stage].passes;
    return task.resource === null ? [] : model.users[task.resource];
  };
  const life = model.run
    ? [
        word('State', i => doc.tasks[i].life?.state ?? '–', { width: '0.8fr' }),
        number('Ready', i => at(i, 'ready'), seconds),
        number('Began', i => at(i, 'began'), seconds),
        number('Ended', i => at(i, 'ended'), seconds),
      ]
    : [];
  return {
    key: 'tasks',
    label: 'Tasks',
    size: doc.tasks.length,
    kind: 'task',
    passes: related,
    columns: [
      word('Task', i => doc.tasks[i].label),
      word('Kind', i => doc.tasks[i].kind, { width: '0.8fr' }),
      number('Step', i => doc.tasks[i].step, count, { width: '0.6fr' }),
      number('Waits for', i => doc.tasks[i].waits_for.length),
      number('Reads', i => doc.tasks[i].reads.length, count, { width: '0.7fr' }),
      number('Makes', i => doc.tasks[i].writes.length, count, { width: '0.7fr' }),
      ...life,
    ],
  };
}

function passes(model) {
  const { doc } = model;
  const of = (i, name) => doc.passes[i].figures?.[name];
  const figures = model.run
    ? [
        number('Chunks', i => of(i, 'chunks')),
        number('FUN', i => of(i, 'fun_seconds'), seconds),
        number('Share', i => of(i, 'share'), percent, { fill: i => of(i, 'share') ?? 0, width: '1.1fr' }),
        number('Utilisation', i => of(i, 'utilisation'), percent),
        number('Overhead', i => of(i, 'overhead'), percent),
        number('Mean chunk', i => of(i, 'mean_chunk'), seconds),
        number('Longest', i => of(i, 'longest_chunk'), seconds),
        number('Retries', i => of(i, 'retries'), count, { width: '0.7fr' }),
        number('Bytes', i => of(i, 'bytes'), bytes),
      ]
    : [
        number('FUN, expected', i => doc.passes[i].predicted_fun_seconds, seconds),
        word('Schedule', i => doc.passes[i].schedule),
        number('Reads', i => doc.passes[i].reads.length),
      ];
  return {
    key: 'passes',
    label: 'Passes',
    size: doc.passes.length,
    kind: 'pass',
    passes: i => [i],
    columns: [
      word('Pass', i => doc.passes[i].name),
      number('Stage', i => doc.passes[i].stage + 1, count, { width: '0.6fr' }),
      number('Elements', i => doc.passes[i].elements),
      ...figures,
    ],
  };
}

function resources(model) {
  const { doc } = model;
  const one = i => doc.resources[i];
  const times = model.run
    ? [number('From', i => one(i).life?.from, seconds), number('Until', i => one(i).life?.until, seconds)]
    : [number('Born in step', i => one(i).born), number('Last read in step', i => one(i).last_use)];
  return {
    key: 'resources',
    label: 'Resources',
    size: doc.resources.length,
    kind: 'resource',
    passes: i => model.users[i],
    columns: [
      word('Resource', i => one(i).name),
      word('Scope', i => one(i).scope, { width: '1fr' }),
      number('Bytes', i => one(i).bytes, bytes),
      word('Made by', i => (one(i).made_by === null ? '–' : doc.tasks[one(i).made_by].label)),
      number('Readers', i => one(i).read_by.length),
      ...times,
    ],
  };
}

function hosts(model) {
  const one = i => model.hosts[i];
  return {
    key: 'hosts',
    label: 'Hosts',
    size: model.hosts.length,
    kind: 'host',
    passes: () => model.doc.passes.map(pass => pass.id),
    bad: i => one(i).lost !== null,
    columns: [
      word('Host', i => one(i).name, { width: '2fr' }),
      number('Workers', i => one(i).workers, count, { width: '0.7fr' }),
      number('Elements', i => one(i).elements),
      number('FUN', i => one(i).fun_seconds, seconds),
      number('Utilisation', i => one(i).utilisation, percent, { fill: i => one(i).utilisation }),
      number('Memory', i => one(i).peak_bytes, bytes),
      number('Sent', i => model.moved(one(i), 'sent'), bytes),
      number('Received', i => model.moved(one(i), 'received'), bytes),
    ],
  };
}

function events(model) {
  const list = model.run.events;
  const related = i => {
    const event = list[i];
    const stage = event.stage ?? (event.task === null ? null : model.doc.tasks[event.task].stage);
    if (stage !== null && stage !== undefined) return model.doc.stages[stage].passes;
    return event.resource === null ? [] : model.users[event.resource];
  };
  return {
    key: 'events',
    label: 'Events',
    size: list.length,
    kind: 'event',
    passes: related,
    bad: i => ['died', 'failed', 'not_started', 'host_lost'].includes(list[i].kind),
    columns: [
      number('At', i => list[i].at, seconds, { width: '0.5fr' }),
      word('Kind', i => list[i].kind.replace('_', ' '), { width: '0.5fr' }),
      word('What', i => list[i].words, { width: '3fr' }),
    ],
  };
}
