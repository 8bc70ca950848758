// Builds the page's script and style into inspect/src/page/, from where Rust includes them. With --check it builds
// nothing and fails if what is committed there differs: versions are pinned, so that the same sources give the same bytes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '../inspect/src/page');

async function bundle(entry) {
  const result = await build({
    entryPoints: [join(here, 'src', entry)],
    absWorkingDir: here,
    bundle: true,
    minify: true,
    charset: 'ascii',
    format: 'iife',
    target: ['chrome100', 'firefox100', 'safari15'],
    legalComments: 'none',
    write: false,
  });
  const text = result.outputFiles[0].text;
  // What would end the element early, or be read otherwise than it was hashed.
  if (/<\/(script|style)|<!--|\r/i.test(text)) throw new Error(`${entry}: its bundle cannot stand inside HTML`);
  return text;
}

// The packages that are bundled: what we depend on, and what that depends on.
function bundled() {
  const found = new Map();
  const visit = name => {
    if (found.has(name)) return;
    const folder = join(here, 'node_modules', name);
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find(entry => /^licen[cs]e(\.|$)/i.test(entry));
    if (!file) throw new Error(`${name} has no licence file`);
    const text = readFileSync(join(folder, file), 'utf8').replace(/\r/g, '').trim();
    found.set(name, { name, version: about.version, license: about.license, text });
    Object.keys(about.dependencies ?? {}).forEach(visit);
  };
  Object.keys(JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies).forEach(visit);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

// Equal texts are given once.
function licences() {
  const texts = new Map();
  for (const one of bundled()) {
    if (!texts.has(one.text)) texts.set(one.text, []);
    texts.get(one.text).push(`${one.name} ${one.version} (${one.license})`);
  }
  const parts = [...texts].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return `What the page of memView() contains of others, with their licences.\n\n${parts.join(`\n${'='.repeat(80)}\n\n`)}`;
}

const sha = text => `sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}`;

const script = await bundle('main.js');
const style = await bundle('style.css');
const texts = licences();
if (texts.includes('--')) throw new Error('a licence with "--" cannot stand in an HTML comment');
const frame = readFileSync(join(here, 'src/page.html'), 'utf8')
  .replace('{{script-hash}}', sha(script))
  .replace('{{style-hash}}', sha(style));
const files = { 'viewer.js': script, 'viewer.css': style, 'page.html': frame, 'LICENSES.txt': texts };

if (process.argv.includes('--check')) {
  const differing = Object.entries(files).filter(([name, text]) => {
    const path = join(target, name);
    return !existsSync(path) || readFileSync(path, 'utf8') !== text;
  });
  for (const [name] of differing) console.error(`${join(target, name)} is not what viewer/src gives: run npm run build`);
  process.exitCode = differing.length ? 1 : 0;
} else {
  mkdirSync(target, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(target, name), text);
  console.log(
    Object.entries(files)
      .map(([name, text]) => `${name} ${text.length}`)
      .join(', '),
  );
}
