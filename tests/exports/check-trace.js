// Traces as Perfetto's trace processor reads them, against their documents: slices, how they nest, arrows, counters, lives.
//
// usage: check-trace.js TOOLS RUN.trace.json DOCUMENT.json ...
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { openPerfetto } from './perfetto.js';

const ns = (seconds) => Math.round(seconds * 1e9);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

const [tools, ...paths] = process.argv.slice(2);
const perfetto = await openPerfetto(tools);
try {
  for (let nth = 0; nth < paths.length; nth += 2) {
    const doc = JSON.parse(readFileSync(paths[nth + 1], 'utf8'));
    const ask = await perfetto.open(paths[nth]);
    for (const part of [complaints, slices, nesting, flows, counters, processes, lives, deaths]) await part(ask, doc);
  }
  console.log(`${paths.length / 2} traces are as their documents say`);
} finally {
  await perfetto.close();
}

// Nothing was left out, mended or put on another track.
async function complaints(ask) {
  assert.deepEqual(await ask("select name, value from stats where value > 0 and severity in ('error', 'data_loss')"), []);
}

// The chunks are the slices, each on a thread of its worker, with its times to the nanosecond.
async function slices(ask, { run: { chunks, steps } }) {
  const found = await ask(`
    select ts, dur, depth, s.name as name, extract_arg(s.arg_set_id, 'args.state') as state,
      extract_arg(s.arg_set_id, 'args.first') as first, extract_arg(s.arg_set_id, 'args.bytes') as bytes, p.name as process
    from slice s join thread_track k on s.track_id = k.id join thread using (utid) join process p using (upid)
    where s.category = 'chunk' order by ts, dur, first`);
  const wanted = chunks.started.map((started, i) => ({
    ts: ns(started), dur: ns(chunks.ended[i]) - ns(started), state: chunks.state[i], first: chunks.first[i], bytes: chunks.bytes[i],
    worker: chunks.worker[i],
  })).sort((a, b) => a.ts - b.ts || a.dur - b.dur || a.first - b.first);
  assert.equal(found.length, wanted.length);
  wanted.forEach(({ worker, ...row }, i) => {
    const { depth, name, process, ...same } = found[i];
    assert.deepEqual(same, row);
    assert.equal(depth, 0, 'a chunk lies in no other');
    assert.match(process, new RegExp(`^worker ${worker}( \\(replacement.*\\))?$`));
    assert.equal(name.endsWith(`(${row.state})`), row.state !== 'done');
  });
  const [passes] = await ask("select count(*) as n, sum(dur) as dur from slice where category = 'pass'");
  assert.equal(passes.n, steps.fun.length);
  assert.equal(passes.dur ?? 0, sum(steps.fun.map(ns)));
}

// FUN lies in its chunk, passes in FUN, and nothing sticks out.
async function nesting(ask) {
  const bad = await ask(`
    select child.name from slice child left join slice parent on child.parent_id = parent.id
    where child.category in ('fun', 'pass') and (parent.id is null
      or parent.category != iif(child.category = 'fun', 'chunk', 'fun')
      or child.ts < parent.ts or child.ts + child.dur > parent.ts + parent.dur)`);
  assert.deepEqual(bad, []);
}

// An arrow for each stage that reads what another made, from that one's last chunk to its own first.
async function flows(ask, doc) {
  const { chunks } = doc.run;
  const rows = [...chunks.stage.keys()];
  const wanted = doc.tasks.filter((task) => task.kind === 'map').flatMap((task) => task.waits_for
    .filter((wait) => wait.why === 'reads' && doc.tasks[wait.task].kind === 'map')
    .map((wait) => {
      const made = rows.filter((i) => chunks.stage[i] === doc.tasks[wait.task].stage && chunks.state[i] === 'done');
      const read = rows.filter((i) => chunks.stage[i] === task.stage);
      return made.length && read.length
        ? { from: Math.max(...made.map((i) => ns(chunks.ended[i]))), to: Math.min(...read.map((i) => ns(chunks.started[i]))) } : null;
    }).filter(Boolean));
  const found = await ask(`
    select a.ts + a.dur as "from", b.ts as "to", a.category as a, b.category as b
    from flow f join slice a on f.slice_out = a.id join slice b on f.slice_in = b.id`);
  const sorted = (list) => list.map(({ from, to }) => [from, to]).sort((x, y) => x[0] - y[0] || x[1] - y[1]);
  assert.deepEqual(sorted(found), sorted(wanted));
  assert.ok(found.every(({ a, b }) => a === 'chunk' && b === 'chunk'), 'arrows join chunks');
}

// Bytes are the memory curve; workers at work come back to none, and are never more than there are.
async function counters(ask, { workers, run: { memory } }) {
  const counter = (name) => ask(`
    select ts, value from counter c join counter_track t on c.track_id = t.id where t.name = '${name}' order by ts`);
  const bytes = await counter('shared memory bytes');
  assert.deepEqual(bytes, memory.at.map((at, i) => ({ ts: ns(at), value: memory.bytes[i] })));
  const busy = (await counter('workers busy')).map(({ value }) => value);
  assert.ok(busy.length > 1 && busy.at(-1) === 0 && busy.every((count) => count >= 0 && count <= workers));
}

// Each worker is a process with its own id and name; so is the run.
async function processes(ask, { run }) {
  const found = await ask('select pid, name from process where name is not null');
  assert.equal(found.length, run.workers.length + 1);
  for (const { pid, worker } of run.workers.filter((life) => life.pid !== null)) {
    assert.match(found.find((process) => process.pid === pid).name, new RegExp(`^worker ${worker}\\b`));
  }
}

// Lives of tasks and resources.
async function lives(ask, doc) {
  const found = (category) => ask(`
    select ts, s.dur as dur from slice s join process_track k on s.track_id = k.id join process p using (upid)
    where s.category = '${category}' and p.name = 'run' order by ts, dur`);
  const sorted = (list) => list.sort((a, b) => a.ts - b.ts || a.dur - b.dur);
  const end = ns(doc.run.figures.seconds);
  const span = (from, until) => ({ ts: ns(from), dur: Math.max(until === null ? end : ns(until), ns(from)) - ns(from) });
  const resources = doc.resources.filter((r) => r.life).map(({ life }) => span(life.from, life.until));
  assert.deepEqual(await found('resource'), sorted(resources));
  const tasks = doc.tasks.filter((task) => task.kind === 'map' && task.life && task.life.began !== null);
  assert.deepEqual(await found('task'), sorted(tasks.map(({ life }) => span(life.began, life.ended))));
}

async function deaths(ask, { run }) {
  const found = await ask("select ts from slice where category = 'death' order by ts");
  const wanted = run.workers.filter((life) => life.died !== null).map((life) => ({ ts: ns(life.left) })).sort((a, b) => a.ts - b.ts);
  assert.equal(wanted.length, run.figures.deaths);
  assert.deepEqual(found, wanted);
}
