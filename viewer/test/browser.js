// Makes pages with Rust's own html() and opens them in a headless Chromium that must stay silent: no error, no violation of the policy,
// no request.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
let folder;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
let browser;
const built = new Map();

/** An example of the crate inspect, built once: `page` writes pages, `words` numbers. */
export function example(name) {
  if (!built.has(name)) {
    execFileSync('cargo', ['build', '--quiet', '--locked', '-p', 'memshare-inspect', '--example', name], { cwd: root, stdio: 'inherit' });
    built.set(name, join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug/examples', name));
  }
  return built.get(name);
}

/** The path of a page for a document. */
export function pageOf(document, name = 'page') {
  folder ??= mkdtempSync(join(tmpdir(), 'memshare-page-'));
  const [json, html] = [join(folder, `${name}.json`), join(folder, `${name}.html`)];
  writeFileSync(json, JSON.stringify(document));
  execFileSync(example('page'), [json, html]);
  return html;
}

/** Opens a page; `complaints` grows with whatever the browser has to say. */
export async function open(path, { viewport = { width: 1440, height: 1000 }, ...more } = {}) {
  browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  const context = await browser.newContext({ viewport, ...more });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', message => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('request', request => {
    if (request.url() !== pathToFileURL(path).href) complaints.push(`request: ${request.url()}`);
  });
  page.on('dialog', dialog => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', event => console.error(`policy: ${event.violatedDirective}`)),
  );
  await page.goto(pathToFileURL(path).href);
  await page.waitForSelector('html[data-ready]');
  return { page, complaints, close: () => context.close() };
}

/** Ends the browser and removes the pages. */
export async function done() {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
}
