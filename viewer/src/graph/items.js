// The graph's nodes and edges from the document. A map task is shown as the passes of its stage, which is what people wrote; all other
// tasks and all resources are nodes of their own.

/** `{items, edges}`; an item is `{key, kind: 'pass' | 'resource' | 'task', id, step, label, critical}`. */
export function graphOf(model) {
  const { doc } = model;
  const items = [];
  const edges = [];
  const onPath = criticalPairs(doc);
  const stageOf = task => doc.stages[task.stage];

  for (const pass of doc.passes) {
    const task = doc.stages[pass.stage].task;
    items.push({
      key: `pass:${pass.id}`,
      kind: 'pass',
      id: pass.id,
      step: doc.tasks[task].step,
      label: pass.name,
      stage: pass.stage,
      critical: model.critical.has(task),
    });
  }
  for (const resource of doc.resources) {
    const made = resource.made_by === null ? null : doc.tasks[resource.made_by].step + 0.5;
    const read = resource.read_by.reduce((least, task) => Math.min(least, doc.tasks[task].step), Infinity);
    items.push({
      key: `resource:${resource.id}`,
      kind: 'resource',
      id: resource.id,
      label: resource.name,
      step: made ?? (Number.isFinite(read) ? read - 0.5 : 0),
      critical: onPath.resources.has(resource.id),
    });
  }
  for (const task of doc.tasks) {
    if (task.kind === 'map') continue;
    items.push({
      key: `task:${task.id}`,
      kind: 'task',
      id: task.id,
      step: task.step,
      label: task.label,
      what: task.kind,
      critical: model.critical.has(task.id),
    });
  }

  const join = (from, to, task, resource, kind) => {
    edges.push({ from, to, kind, critical: resource !== null && onPath.pairs.has(`${task}/${resource}`) });
  };
  for (const task of doc.tasks) {
    if (task.kind === 'map') {
      mapEdges(doc, task, stageOf(task), join);
      continue;
    }
    const key = `task:${task.id}`;
    for (const id of task.reads) join(`resource:${id}`, key, task.id, id, 'reads');
    for (const id of task.writes) join(key, `resource:${id}`, task.id, id, 'makes');
    for (const id of task.frees) if (!task.reads.includes(id)) join(`resource:${id}`, key, task.id, id, 'frees');
  }
  return { items, edges };
}

// What goes into a stage's passes, from pass to pass, and out of them.
function mapEdges(doc, task, stage, join) {
  const read = new Set();
  const made = new Set();
  for (const id of stage.passes) {
    const pass = doc.passes[id];
    for (const resource of pass.reads) {
      read.add(resource);
      join(`resource:${resource}`, `pass:${id}`, task.id, resource, 'reads');
    }
    for (const before of pass.after) join(`pass:${before}`, `pass:${id}`, task.id, null, 'element by element');
    if (pass.result !== null) {
      made.add(pass.result);
      join(`pass:${id}`, `resource:${pass.result}`, task.id, pass.result, 'makes');
    }
  }
  const ends = [stage.passes[0], stage.passes[stage.passes.length - 1]];
  for (const id of task.reads) if (!read.has(id)) join(`resource:${id}`, `pass:${ends[0]}`, task.id, id, 'reads');
  for (const id of task.writes) if (!made.has(id)) join(`pass:${ends[1]}`, `resource:${id}`, task.id, id, 'makes');
}

// The resources by which each task of the critical path leads to the next.
function criticalPairs(doc) {
  const pairs = new Set();
  const resources = new Set();
  const path = doc.critical_path?.tasks ?? [];
  for (let i = 1; i < path.length; i++) {
    const [before, after] = [doc.tasks[path[i - 1]], doc.tasks[path[i]]];
    const wanted = new Set([...after.reads, ...after.frees]);
    for (const resource of before.writes) {
      if (!wanted.has(resource)) continue;
      resources.add(resource);
      pairs.add(`${before.id}/${resource}`).add(`${after.id}/${resource}`);
    }
  }
  return { pairs, resources };
}
