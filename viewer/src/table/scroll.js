// Where rows stand in what is scrolled. Browsers scroll only so far: of more rows, the scroll bar's way stands for all of theirs.

/** The height of a row. */
export const ROW = 28;
const TALLEST = 8e6;

/** How tall the scrolled space of so many rows is. */
export const scrolled = rows => Math.min(rows * ROW, TALLEST);

/** The row at the top of the view. */
export function firstRow(body, rows) {
  const all = rows * ROW;
  if (all <= TALLEST) return Math.floor(body.scrollTop / ROW);
  const view = body.clientHeight;
  return Math.floor(((body.scrollTop / (TALLEST - view)) * (all - view)) / ROW);
}

/** Where the first row in view is placed. */
export const placed = (body, rows, first) => (rows * ROW <= TALLEST ? first * ROW : body.scrollTop);

/** Scrolls just as far as a row needs to be seen. */
export function bring(body, rows, row) {
  const all = rows * ROW;
  const view = body.clientHeight;
  const seen = firstRow(body, rows) * ROW;
  const [top, bottom] = [row * ROW, (row + 1) * ROW];
  const wanted = top < seen ? top : bottom > seen + view ? bottom - view : null;
  if (wanted !== null) body.scrollTop = all <= TALLEST ? wanted : (wanted / (all - view)) * (TALLEST - view);
}
