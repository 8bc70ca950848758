// Which rows a table shows, and in which order: numbers of rows in typed arrays, so that a hundred thousand are found and sorted at once.
import { matcher } from './search.js';

/** The rows of a table that are left by a search, a pass and a bin of chunks. */
export function matching(model, table, { query, pass, bin }) {
  const test = query.trim() ? matcher(model, table, query) : null;
  const out = new Uint32Array(table.size);
  const stages = pass === null ? null : model.doc.stages.map(stage => stage.passes.includes(pass));
  const ofPass = id => (table.kind === 'chunk' ? stages[model.chunks.stage[id]] : table.passes(id).includes(pass));
  let n = 0;
  for (let id = 0; id < table.size; id++) {
    if (table.kind === 'chunk' && bin && !bin.has(id)) continue;
    if ((pass === null || ofPass(id)) && (!test || test(id))) out[n++] = id;
  }
  return out.subarray(0, n);
}

/** Rows by a column: `order` is `{column, down}`, or nothing for the order of the document. */
export function sorted(table, ids, order) {
  if (!order) return ids;
  const column = table.columns[order.column];
  const sign = order.down ? -1 : 1;
  const keys = column.number ? new Float64Array(table.size) : new Array(table.size);
  for (const id of ids) keys[id] = column.value(id);
  return ids.slice().sort((a, b) => (keys[a] === keys[b] ? a - b : sign * (keys[a] < keys[b] ? -1 : 1)));
}
