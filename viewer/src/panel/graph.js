// What the side panel says of the graph's things: resources, tasks, groups, and of events. Each gives `[title, kind in words, content]`.
import { h } from '../dom.js';
import { size, seconds } from '../format.js';
import { passLink, resourceLink, taskLink } from './links.js';
import { link, links, pairs, part } from './parts.js';

export function resource(model, store, actions, { id }) {
  const one = model.doc.resources[id];
  const scopes = { registered: 'registered: the user’s, stays', shared: 'shared: copied in for the run', result: 'result of a pass' };
  const passes = model.doc.passes.filter(it => it.reads.includes(id));
  return [
    one.name,
    'resource',
    [
      pairs([
        ['what', scopes[one.scope] ?? one.scope],
        ['bytes', size(one)],
        ['made in step', one.born === null ? 'there before' : one.born],
        ['last read in step', one.last_use],
        one.life && ['born', seconds(one.life.from)],
        one.life && ['freed', one.life.until === null ? 'outlived the run' : seconds(one.life.until)],
        one.life && one.life.until !== null && ['lived', seconds(one.life.until - one.life.from)],
      ]),
      part('Made by', one.made_by === null ? null : links([taskLink(model, store, one.made_by)])),
      part('Read by passes', links(passes.map(it => passLink(model, store, it.id)))),
      part('Read by tasks', links(one.read_by.map(task => taskLink(model, store, task)))),
    ],
  ];
}

export function task(model, store, actions, { id }) {
  const one = model.doc.tasks[id];
  const life = one.life;
  const held = life && life.ready !== null && life.began !== null && life.began - life.ready > 1e-3;
  return [
    one.label,
    `${one.kind} task`,
    [
      pairs([
        ['step', one.step],
        life && ['state', life.state],
        life && ['ready', seconds(life.ready)],
        life && ['began', seconds(life.began)],
        life && ['ended', seconds(life.ended)],
        held && ['held back', seconds(life.began - life.ready)],
        ['critical path', model.critical.has(id) ? 'yes' : 'no'],
      ]),
      part('Passes', one.stage === null ? null : links(model.doc.stages[one.stage].passes.map(it => passLink(model, store, it)))),
      part(
        'Waits for',
        links(one.waits_for.map(wait => h('span', null, taskLink(model, store, wait.task), h('span', { class: 'note' }, ` ${wait.why}`)))),
      ),
      part('Reads', links(one.reads.map(it => resourceLink(model, store, it)))),
      part('Makes', links(one.writes.map(it => resourceLink(model, store, it)))),
      part('Frees', links(one.frees.map(it => resourceLink(model, store, it)))),
    ],
  ];
}

export function group(model, store, actions, { group: node }) {
  return [
    node.label,
    node.about,
    [
      h('p', null, h('button', { class: 'tool wide', onclick: () => actions.toggle('group', node) }, 'Open in the graph')),
      part(
        'Passes',
        links(
          node.items.filter(it => it.kind === 'pass').map(it => passLink(model, store, it.id)),
          20,
        ),
      ),
      part('Resources', links(node.items.filter(it => it.kind === 'resource').map(it => resourceLink(model, store, it.id)))),
    ],
  ];
}

export function event(model, store, actions, { id }) {
  const one = model.run.events[id];
  return [
    one.kind.replace('_', ' '),
    `at ${seconds(one.at)}`,
    [
      h('p', { class: 'about' }, one.words),
      part('Task', one.task === null ? null : links([taskLink(model, store, one.task)])),
      part('Resource', one.resource === null ? null : links([resourceLink(model, store, one.resource)])),
      part('Worker', one.worker === null ? null : links([link(store, 'worker', one.worker, `worker ${one.worker}`)])),
      part('Passes', one.stage === null ? null : links(model.doc.stages[one.stage].passes.map(it => passLink(model, store, it)))),
    ],
  ];
}
