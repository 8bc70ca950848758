// Takes the pictures of docs/tour.md from the pages that tools/tour.R made: node tour.js PAGES PICTURES
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { done, open } from './test/browser.js';

const [pages, pictures] = process.argv.slice(2);
const pass = '.node[data-key="pass:0"]';
const shots = [
  { name: 'plan', page: 'plan.html', height: 840 },
  { name: 'diamond', page: 'diamond.html', height: 1040 },
  { name: 'diamond-dark', page: 'diamond.html', height: 1040, colorScheme: 'dark', clicks: ['.node[data-key="pass:2"]'] },
  { name: 'straggler', page: 'straggler.html', height: 1040 },
  { name: 'straggler-pass', page: 'straggler.html', height: 1290, clicks: [pass, `${pass} .opener`, '.table-head button >> text=Took'] },
  { name: 'many', page: 'many.html', height: 1240 },
];

mkdirSync(pictures, { recursive: true });
for (const { name, page: file, height, clicks = [], colorScheme = 'light' } of shots) {
  const { page, complaints, close } = await open(join(pages, file), { viewport: { width: 1360, height }, colorScheme });
  for (const selector of clicks) await page.click(selector);
  await page.mouse.move(0, 0);
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(pictures, `${name}.png`) });
  console.log(`${name}: ready after ${await page.evaluate(() => document.documentElement.dataset.ready)} ms`);
  if (complaints.length) throw new Error(complaints.join('\n'));
  await close();
}
await done();
