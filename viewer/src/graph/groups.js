// What of a graph is drawn. Up to RAW nodes are drawn one by one; more are grouped by step, groups open into smaller ones or into
// nodes, and never more than MOST nodes stand on the page: what was opened first is closed again.
import { shorten } from '../dom.js';
import { countOf } from '../format.js';

/** The most nodes of a graph that is drawn without groups. */
export const RAW = 300;
/** The most nodes that are drawn at all. */
export const MOST = 500;
const PARTS = 40;
const INSIDE = 120;

const order = { resource: 0, pass: 1, task: 2 };
const sorted = items => [...items].sort((a, b) => a.step - b.step || order[a.kind] - order[b.kind] || a.id - b.id);

// Items in about `PARTS` runs of whole steps; those of one step, in slices.
function split(items) {
  const most = Math.ceil(items.length / PARTS);
  const steps = new Map();
  for (const item of items) {
    if (!steps.has(item.step)) steps.set(item.step, []);
    steps.get(item.step).push(item);
  }
  const parts = [];
  if (steps.size === 1) {
    for (let i = 0; i < items.length; i += most) parts.push(items.slice(i, i + most));
    return parts;
  }
  let open = [];
  for (const members of steps.values()) {
    if (open.length && open.length + members.length > Math.max(most, 2)) {
      parts.push(open);
      open = [];
    }
    open = open.concat(members);
  }
  if (open.length) parts.push(open);
  return parts;
}

function describe(items) {
  const of = kind => items.filter(item => item.kind === kind);
  const passes = of('pass').length;
  const results = of('resource').length;
  const tasks = of('task');
  const kinds = [...new Set(tasks.map(task => task.what))];
  return [
    passes && countOf(passes, 'pass', 'passes'),
    results && countOf(results, 'resource'),
    tasks.length && (kinds.length === 1 ? `${tasks.length.toLocaleString('en-US')} × ${kinds[0]}` : countOf(tasks.length, 'other task')),
  ]
    .filter(Boolean)
    .join(', ');
}

function group(items, sliced) {
  const steps = [Math.ceil(items[0].step), Math.ceil(items[items.length - 1].step)];
  return {
    key: `group:${items[0].key}:${items.length}`,
    kind: 'group',
    id: `${items[0].key}:${items.length}`,
    items,
    steps,
    step: items[0].step,
    label: sliced
      ? `${shorten(items[0].label, 11)} – ${shorten(items[items.length - 1].label, 11)}`
      : steps[0] === steps[1]
        ? `Step ${steps[0]}`
        : `Steps ${steps[0]}–${steps[1]}`,
    about: sliced ? `${describe(items)} of step ${steps[0]}` : describe(items),
    critical: items.some(item => item.critical),
  };
}

// The nodes for some items: themselves, or groups of them.
function level(items, limit) {
  if (items.length <= limit) return items;
  const sliced = items[0].step === items[items.length - 1].step;
  return split(items).map(part => (part.length === 1 ? part[0] : group(part, sliced)));
}

/**
 * The nodes and edges to draw. `opened` is the list of keys of opened groups, oldest first; those that had to be closed are taken
 * out of it.
 */
export function visible(graph, opened) {
  for (;;) {
    const nodes = [];
    const place = new Map();
    const walk = (list, parents) => {
      for (const node of list) {
        if (node.kind === 'group' && opened.includes(node.key)) {
          walk(level(node.items, INSIDE), [...parents, node]);
        } else {
          nodes.push({ ...node, parents });
          for (const item of node.items ?? [node]) place.set(item.key, node.key);
        }
      }
    };
    walk(level(sorted(graph.items), RAW), []);
    if (nodes.length <= MOST || !opened.length) return { nodes, edges: edgesOf(graph, place) };
    opened.shift();
  }
}

function edgesOf(graph, place) {
  const edges = new Map();
  for (const edge of graph.edges) {
    const [from, to] = [place.get(edge.from), place.get(edge.to)];
    if (from === undefined || to === undefined || from === to) continue;
    const key = `${from}>${to}`;
    const known = edges.get(key);
    if (known) {
      known.count += 1;
      known.critical ||= edge.critical;
    } else edges.set(key, { from, to, kind: edge.kind, critical: edge.critical, count: 1 });
  }
  return [...edges.values()];
}
