// Takes a picture of a page: node shot.js page.html picture.png [dark] [--click selector] [--height n] [--width n] [--scale n]
import { parseArgs } from 'node:util';
import { done, open } from './test/browser.js';

const {
  values,
  positionals: [from, to],
} = parseArgs({
  allowPositionals: true,
  options: {
    dark: { type: 'boolean' },
    click: { type: 'string', multiple: true },
    width: { type: 'string' },
    height: { type: 'string' },
    full: { type: 'boolean' },
  },
});
const { page, complaints } = await open(from, {
  viewport: { width: Number(values.width ?? 1440), height: Number(values.height ?? 1000) },
  colorScheme: values.dark ? 'dark' : 'light',
});
for (const selector of values.click ?? []) await page.click(selector);
await page.waitForTimeout(300);
await page.screenshot({ path: to, fullPage: values.full ?? false });
console.log(`${to}: ready after ${await page.evaluate(() => document.documentElement.dataset.ready)} ms`);
if (complaints.length) {
  console.error(complaints.join('\n'));
  process.exitCode = 1;
}
await done();
