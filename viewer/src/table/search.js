// What a search finds. Words must all match; "chunk 17", "element 1000" and "worker 3" mean just that, a number alone is a chunk's or an
// element's.
const PATTERN = /(chunk|element|worker|attempt)\s*[:#]?\s*(\d[\d,]*)|"([^"]+)"|(\S+)/gi;

/** The terms of a query: `{what, number}` or `{text}`. */
export function terms(query) {
  return [...query.matchAll(PATTERN)].map(([, what, number, quoted, plain]) => {
    if (what) return { what: what.toLowerCase(), number: Number(number.replaceAll(',', '')) };
    const text = (quoted ?? plain).toLowerCase();
    return /^#?\d[\d,]*$/.test(text) ? { text, number: Number(text.replace(/[#,]/g, '')) } : { text };
  });
}

/** A test of rows of a table for a query. */
export function matcher(model, table, query) {
  const all = terms(query).map(term => (table.kind === 'chunk' ? chunkTerm(model, term) : rowTerm(model, table, term)));
  return id => all.every(test => test(id));
}

function chunkTerm(model, { what, number, text }) {
  const c = model.chunks;
  const within = i => c.first[i] <= number && number <= c.last[i];
  if (what === 'chunk') return i => c.number[i] === number;
  if (what === 'element') return within;
  if (what === 'worker') return i => c.worker[i] === number;
  if (what === 'attempt') return i => c.attempt[i] === number;
  const stages = model.doc.stages.map(stage => stageText(model, stage).includes(text));
  const named = elementsNamed(model, text);
  return i =>
    stages[c.stage[i]] ||
    model.state(i).includes(text) ||
    (number !== undefined && (c.number[i] === number || within(i))) ||
    (named.get(c.stage[i]) ?? []).some(element => c.first[i] <= element && element <= c.last[i]);
}

// The names of a stage's passes, of its task, and of what it reads and makes.
function stageText(model, stage) {
  const task = model.doc.tasks[stage.task];
  const touched = [...task.reads, ...task.writes].map(id => model.doc.resources[id].name);
  return [task.label, ...stage.passes.map(pass => model.passName(pass)), ...touched].join('\n').toLowerCase();
}

// Elements whose name holds a text, by stage: names are known of the slowest.
function elementsNamed(model, text) {
  const found = new Map();
  for (const pass of model.doc.passes) {
    const elements = (pass.figures?.slowest ?? []).filter(one => one.name?.toLowerCase().includes(text)).map(one => one.element);
    if (elements.length) found.set(pass.stage, [...(found.get(pass.stage) ?? []), ...elements]);
  }
  return found;
}

function rowTerm(model, table, { what, number, text }) {
  if (what === 'worker' && table.kind === 'event') return id => model.run.events[id].worker === number;
  const wanted = text ?? `${what} ${number}`;
  return id => haystack(model, table, id).includes(wanted);
}

function haystack(model, table, id) {
  const words = table.columns.filter(column => !column.number).map(column => column.text(id));
  const names =
    table.kind === 'event'
      ? []
      : table
          .passes(id)
          .slice(0, 50)
          .map(pass => model.passName(pass));
  const { doc } = model;
  if (table.kind === 'task')
    words.push(...[...doc.tasks[id].reads, ...doc.tasks[id].writes, ...doc.tasks[id].frees].map(one => doc.resources[one].name));
  if (table.kind === 'pass') words.push(doc.passes[id].about, ...(doc.passes[id].figures?.slowest ?? []).map(one => one.name ?? ''));
  return [...words, ...names].join('\n').toLowerCase();
}
