// Light or dark: as the system has it, until somebody chooses.

const system = () => (window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

/** Follows the system and gives a function that switches. */
export function theme(store) {
  const apply = mode => {
    document.documentElement.dataset.mode = mode;
    store.set({ mode });
  };
  let chosen = false;
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => chosen || apply(system()));
  apply(system());
  return () => {
    chosen = true;
    apply(store.state.mode === 'dark' ? 'light' : 'dark');
  };
}
