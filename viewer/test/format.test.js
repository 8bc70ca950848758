// The page writes times, sizes and shares as Rust does, which R is held to in its own tests.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { bytes, countOf, percent, range, seconds, short } from '../src/format.js';
import { example } from './browser.js';
import { random } from './fixtures.js';

test('times, sizes and shares read as Rust writes them', () => {
  const next = random(5);
  const numbers = [
    0, 1, 0.5, 0.125, 0.625, 0.0995, 0.09949, 0.1, 0.025, 2.5, 12.5, 99.94, 99.95, 100, 999, 1000, 999949, 999950, 1e6, 3e12, 1e15, 1e-3,
    9.996e-4, 9.996, 59.999, 3600,
  ];
  for (let i = 0; i < 2000; i++) numbers.push(10 ** (-9 + 21 * next()) * (1 + next()));
  const said = execFileSync(example('words'), { input: numbers.map(one => one.toPrecision(17)).join('\n') })
    .toString()
    .trim()
    .split('\n')
    .map(line => line.split('\t'));
  assert.equal(said.length, numbers.length);
  numbers.forEach((one, i) => {
    const x = Number(one.toPrecision(17));
    assert.deepEqual([seconds(x), bytes(Math.floor(x)), percent(x)], said[i], String(x));
  });
});

test('what is not known is a dash, and counts read well', () => {
  assert.deepEqual([seconds(null), bytes(null), percent(undefined)], ['–', '–', '–']);
  assert.deepEqual(
    [countOf(1, 'pass', 'passes'), countOf(2000, 'pass', 'passes'), range(5, 5), range(1000, 2000)],
    ['1 pass', '2,000 passes', '5', '1,000–2,000'],
  );
  assert.deepEqual([short(9999), short(12500), short(100000), short(1234567)], ['9,999', '12.5k', '100k', '1.23M']);
});
