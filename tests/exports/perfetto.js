// Perfetto's own page, as it is at https://ui.perfetto.dev, from a folder: opens traces and answers SQL about them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, serve } from './browser.js';

export async function openPerfetto(tools) {
  const [server, browser] = [await serve(join(tools, 'perfetto')), await openBrowser(tools)];
  const close = async () => {
    await browser.close();
    server.close();
  };
  // Opens a trace; gives a function that answers queries with rows.
  const open = async (file) => {
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => window.app, null, { timeout: 60_000 });
    await page.evaluate(async (text) => {
      const { buffer } = new TextEncoder().encode(text);
      await window.app.openTraceFromBuffer({ buffer, title: 'a run', fileName: 'run.trace.json' });
    }, readFileSync(file, 'utf8'));
    await page.waitForFunction(() => window.app.trace, null, { timeout: 60_000 });
    return (sql) => page.evaluate(query, sql);
  };
  return { open, close };
}

// Runs in the page.
async function query(sql) {
  const result = await window.app.trace.engine.query(sql);
  const rows = [];
  for (const row = result.iter({}); row.valid(); row.next()) {
    const values = result.columns().map((name) => [name, row.get(name)]);
    rows.push(Object.fromEntries(values.map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value])));
  }
  return rows;
}
