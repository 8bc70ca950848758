// What axe, an accessibility checker, finds on the pages: nothing, in light and dark, with and without something selected.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { done, open, pageOf } from './browser.js';
import { diamond, overHosts, straggler, wide } from './fixtures.js';

after(done);

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
// A node's name says in words what its texts say in figures, not the same characters.
const rules = { 'label-content-name-mismatch': { enabled: false } };

for (const [name, document] of [
  ['a run', straggler()],
  ['a run over hosts', overHosts()],
  ['a plan', diamond('plan')],
  ['a grouped plan', wide(400)],
]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${name} in ${colorScheme} can be used by everybody`, async () => {
      const { page, close } = await open(pageOf(document), { colorScheme });
      const check = async () => {
        const found = await page.evaluate(options => window.axe.run(options), { rules });
        return found.violations.map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`);
      };
      try {
        await page.evaluate(axe);
        assert.deepEqual(await check(), []);
        await page.click('.graph-card .node');
        await page.click('#tab-resources');
        assert.deepEqual(await check(), []);
      } finally {
        await close();
      }
    });
  }
}
