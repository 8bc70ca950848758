// Numbers as people read them. The page writes every figure through these, so that equal numbers look equal.
const counts = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

const digits = (x, n) => Number(x.toPrecision(n)).toString();

/** 100,000 */
export const count = n => counts.format(n);

/** 980, 12.5k, 100k, 1.2M: where room is short */
export function short(n) {
  if (n < 10000) return count(n);
  return n < 1e6 ? `${digits(n / 1e3, 3)}k` : `${digits(n / 1e6, 3)}M`;
}

/** "1 pass", "2 passes" */
export const countOf = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** 41 us, 3.2 ms, 1.24 s, 2 min 05 s */
export function seconds(x) {
  if (x === null || x === undefined || Number.isNaN(x)) return '–';
  const size = Math.abs(x);
  if (size === 0) return '0 s';
  if (size < 0.9995e-6) return `${digits(x * 1e9, 3)} ns`;
  if (size < 0.9995e-3) return `${digits(x * 1e6, 3)} µs`;
  if (size < 0.9995) return `${digits(x * 1e3, 3)} ms`;
  if (size < 119.95) return `${digits(x, size < 100 ? 3 : 4)} s`;
  const whole = Math.round(x);
  if (whole < 7200) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** 80 bytes, 1.6 MB */
export function bytes(x) {
  if (x === null || x === undefined) return '–';
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = x < 1 ? 0 : Math.min(Math.floor(Math.log(x) / Math.log(1000)), units.length - 1);
  return step === 0 ? `${count(x)} bytes` : `${(x / 1000 ** step).toFixed(1)} ${units[step]}`;
}

/** 83 %, 0.4 % */
export function percent(x) {
  if (x === null || x === undefined) return '–';
  const value = 100 * x;
  if (value > 0 && value < 0.1) return '< 0.1 %';
  return `${value < 10 && value > 0 ? value.toFixed(1) : value.toFixed(0)} %`;
}

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
