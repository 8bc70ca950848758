// Colours of passes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passClass } from '../src/palette.js';

test('seven passes have a colour of their own, and no other pass has one of theirs', () => {
  const classes = Array.from({ length: 40 }, (_, pass) => passClass(pass));
  assert.equal(new Set(classes.slice(0, 8)).size, 8);
  assert.deepEqual(new Set(classes.slice(7)), new Set([classes[7]]));
});
