// Colours come from the style sheet, where light and dark are. Passes take theirs from a set that people with any colour vision can
// tell apart (after Okabe and Ito); what went wrong has one of its own, and always a mark or hatching besides.

/** Seven passes have a colour of their own; all others share the last one, a grey, as in the plots of R. */
const COLOURS = 8;

/** The number of a pass's colour. */
export const colourOf = pass => Math.min(pass, COLOURS - 1);

/** The class that gives an element the colour of a pass. */
export const passClass = pass => `pass-${colourOf(pass)}`;

const NAMES = ['ink', 'soft', 'line', 'paper', 'panel', 'bad', 'accent', 'band', 'memory', 'resource', 'faint'];

/** The colours for canvases: by name, and `passes`. */
export function inks() {
  const style = getComputedStyle(document.documentElement);
  const of = name => style.getPropertyValue(`--${name}`).trim();
  const out = Object.fromEntries(NAMES.map(name => [name, of(name)]));
  out.passes = Array.from({ length: COLOURS }, (_, i) => of(`pass-${i}`));
  return out;
}
