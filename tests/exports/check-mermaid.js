// Drawings as Mermaid itself draws them in a browser, with the limits and the policy that GitHub has, against their documents: boxes,
// arrows, groups, names. Nothing that a name says may be understood as anything but text.
//
// usage: check-mermaid.js TOOLS DRAWING.mmd DOCUMENT.json ...
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { openBrowser, library } from './browser.js';

const [tools, ...paths] = process.argv.slice(2);
const browser = await openBrowser(tools);
try {
  const page = await browser.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => complaints.push(`a script ran: ${dialog.message()}`));
  await page.addScriptTag({ path: library(tools, 'mermaid/dist/mermaid.min.js') });
  for (let nth = 0; nth < paths.length; nth += 2) {
    check(await draw(page, readFileSync(paths[nth], 'utf8')), JSON.parse(readFileSync(paths[nth + 1], 'utf8')));
  }
  // What is checked must be able to fail.
  await assert.rejects(draw(page, 'flowchart LR\n  a["x"y"]'), /Parse error|Lexical error/);
  assert.deepEqual(complaints, []);
  console.log(`${paths.length / 2} drawings are as their documents say`);
} finally {
  await browser.close();
}

// What is seen of a drawing.
function draw(page, text) {
  return page.evaluate(async (text) => {
    window.mermaid.initialize({ startOnLoad: false, securityLevel: 'strict' });
    const { svg } = await window.mermaid.render(`drawing${Math.random().toString().slice(2)}`, text);
    const holder = document.createElement('div');
    holder.innerHTML = svg;
    document.body.replaceChildren(holder);
    const words = (node) => {
      const label = node.querySelector('.nodeLabel, .label');
      label.querySelectorAll('br').forEach((br) => br.replaceWith('\n'));
      return label.textContent.replaceAll('\u2060', '').split('\n').map((line) => line.trim());
    };
    const all = (what) => [...holder.querySelectorAll(what)];
    return {
      nodes: all('g.node').map((node) => ({
        id: node.id.match(/flowchart-(\w+)-\d+$/)[1],
        lines: words(node),
        cylinder: node.querySelector('.label-container').tagName === 'path',
        critical: node.classList.contains('critical'),
      })),
      clusters: all('g.cluster').length,
      arrows: all('path.flowchart-link').length,
      foreign: all('script, img, a, iframe').length,
    };
  }, text);
}

function check(seen, doc) {
  assert.equal(seen.foreign, 0);
  const isResource = (node) => /^(r\d|registered|shared|result)/.test(node.id);
  const nodes = doc.tasks.length + doc.resources.length;
  if (seen.nodes.length === nodes) {
    assert.equal(seen.nodes.filter(isResource).length, doc.resources.length);
    assert.equal(seen.arrows, arrows(doc));
    for (const node of seen.nodes.filter(isResource)) {
      assert.ok(node.cylinder, `${node.id} is a cylinder`);
      assert.equal(node.lines[0], short(doc.resources[node.id.slice(1)].name));
    }
    for (const stage of doc.stages) {
      const { lines, cylinder } = seen.nodes.find((node) => node.id === `t${stage.task}`);
      assert.ok(!cylinder);
      assert.equal(lines[1].replaceAll(',', ''), `${stage.elements} element${stage.elements === 1 ? '' : 's'}`);
      if (doc.run) assert.match(lines[2].replaceAll(',', ''), new RegExp(`^${stage.chunks} chunk`));
    }
    assert.equal(seen.clusters, doc.stages.length + (doc.resources.some((r) => r.scope !== 'result') ? 1 : 0));
    const critical = seen.nodes.filter((node) => node.critical && !isResource(node)).map((node) => Number(node.id.slice(1)));
    assert.deepEqual(critical.sort((a, b) => a - b), [...doc.critical_path.tasks].sort((a, b) => a - b));
    return;
  }
  // By steps: what boxes say adds up to what there is.
  assert.ok(seen.nodes.length < nodes && seen.nodes.length <= 500 && seen.arrows <= 500);
  const said = seen.nodes.map((node) => Number(node.lines[0].match(/^[\d,]+/)[0].replaceAll(',', '')));
  assert.equal(said.reduce((sum, count) => sum + count, 0), nodes);
}

// How many arrows there are: what is read, made and ended, and what waits besides; each once.
function arrows(doc) {
  const found = new Set();
  for (const task of doc.tasks) {
    task.reads.forEach((r) => found.add(`r${r}>${task.id}`));
    task.writes.forEach((r) => found.add(`${task.id}>r${r}`));
    task.frees.forEach((r) => found.add(`r${r}>>${task.id}`));
    task.waits_for.filter((wait) => wait.why !== 'reads').forEach((wait) => found.add(`${wait.task}>${task.id}`));
  }
  return found.size;
}

// A name as a label has it.
function short(name) {
  const letters = [...name].map((letter) => (/\p{Cc}/u.test(letter) ? ' ' : letter));
  const cut = letters.length <= 60 ? letters.join('') : `${letters.slice(0, 57).join('')}...`;
  return cut.replace(/[\ufffe\uffff]/g, '\ufffd').trim();
}
