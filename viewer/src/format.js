// Numbers for people. The page writes every figure through these; seconds, bytes and percent say the same of the same figure as
// inspect/src/words.rs, which R and the command line use.
const counts = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

// C's %.<places>f: exact halves to the even digit, where toFixed() takes the larger.
function fixed(x, places) {
  const exact = Math.abs(x).toFixed(60);
  const cut = exact.length - 60 + places - (places === 0 ? 1 : 0);
  const kept = exact.slice(0, cut);
  const rest = exact.slice(cut).replace('.', '');
  const half = /^50*$/.test(rest) && Number(kept[kept.length - 1]) % 2 === 0;
  return `${x < 0 ? '-' : ''}${half ? kept : Math.abs(x).toFixed(places)}`;
}

// C's %.<n>g, for numbers that it writes without an exponent.
function digits(x, n) {
  const exponent = Number(x.toExponential(n - 1).split('e')[1]);
  const text = fixed(x, Math.max(n - 1 - exponent, 0));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** 100,000 */
export const count = n => counts.format(n);

/** 980, 12.5k, 100k, 1.2M: where room is short */
export function short(n) {
  if (n < 10000) return count(n);
  return n < 1e6 ? `${digits(n / 1e3, 3)}k` : `${digits(n / 1e6, 3)}M`;
}

/** "1 pass", "2 passes" */
export const countOf = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** A time: "1.2 s", "34 ms", "20 us". */
export function seconds(x) {
  if (x === null || x === undefined || Number.isNaN(x)) return '–';
  const size = Math.abs(x);
  const [value, unit] =
    size === 0 || size >= 0.9995 ? [x, 's'] : size >= 0.9995e-3 ? [x * 1e3, 'ms'] : size >= 0.9995e-6 ? [x * 1e6, 'us'] : [x * 1e9, 'ns'];
  const number = size === 0 ? '0' : Math.abs(value) >= 99.95 ? fixed(value, 0) : digits(value, 3);
  return `${number} ${unit}`;
}

/** A size: "512 bytes", "1.5 kB". */
export function bytes(x) {
  if (x === null || x === undefined) return '–';
  if (x < 1000) return `${x} ${x === 1 ? 'byte' : 'bytes'}`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = x / 1000;
  while (value >= 999.95 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${fixed(value, 1)} ${units[0]}`;
}

/** The size of a resource; "~16.0 kB" where it is only guessed. */
export const size = resource => (resource.guessed ? '~' : '') + bytes(resource.bytes);

/** A share between 0 and 1: "35 %", "2.1 %". */
export function percent(x) {
  if (x === null || x === undefined || Number.isNaN(x)) return '–';
  return `${x >= 0.0995 || x === 0 ? fixed(100 * x, 0) : tiny(100 * x)} %`;
}

const tiny = x =>
  Math.abs(x) < 1e-4
    ? x
        .toExponential(1)
        .replace(/\.0e/, 'e')
        .replace(/e([+-])(\d)$/, 'e$10$2')
    : digits(x, 2);

/** "elements 17–32" */
export const range = (first, last) => (first === last ? count(first) : `${count(first)}–${count(last)}`);

/** A date and time of day, in the reader's time zone. */
export function moment(unix) {
  const date = new Date(unix * 1000);
  const two = n => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(
    date.getSeconds(),
  )}`;
}
