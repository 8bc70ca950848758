// Links from one thing to another.
import { h } from '../dom.js';
import { count } from '../format.js';
import { link } from './parts.js';

/** To a pass. */
export const passLink = (model, store, id) => link(store, 'pass', id, model.passName(id), id);
/** To a resource. */
export const resourceLink = (model, store, id) => link(store, 'resource', id, model.doc.resources[id].name);
/** To a task. */
export const taskLink = (model, store, id) => link(store, 'task', id, model.doc.tasks[id].label);
/** To a chunk, which is brought into view. */
export const chunkLink = (model, store, id, actions, text) =>
  h(
    'button',
    {
      class: 'link',
      onclick: () => {
        store.select('chunk', id);
        actions.reveal(id);
      },
    },
    text ?? `chunk ${count(model.chunks.number[id])}`,
  );
