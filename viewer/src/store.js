// What the parts of the page share: what is selected, what the table is narrowed to, light or dark. Parts listen and redraw.

export class Store {
  constructor(state) {
    this.state = state;
    this.listeners = [];
  }

  /** Calls `listener(state, changed)` after each change; `changed` is the set of changed names. */
  listen(listener) {
    this.listeners.push(listener);
  }

  set(changes) {
    const changed = new Set(Object.keys(changes).filter(key => this.state[key] !== changes[key]));
    if (!changed.size) return;
    Object.assign(this.state, changes);
    for (const listener of this.listeners) listener(this.state, changed);
  }

  /** Selects a thing: `{kind: 'pass' | 'chunk' | 'resource' | 'task' | 'worker' | 'bin' | 'group' | 'event' | 'host', id}`. */
  select(kind, id, more) {
    this.set({ selection: { kind, id, ...more } });
  }

  clear() {
    this.set({ selection: null });
  }
}
