// Documents as the scheduler makes them, by hand: small ones whose figures one can see, and large ones to measure with.

const NAMES = 'abcdefghijklmnopqrstuvwxyz';

/** A document with nothing in it but what every document has. */
export function empty(kind) {
  return {
    format: 'memshare-record',
    version: 1,
    package: '0.1.0',
    kind,
    title: 'memRun(plan)',
    made: 1764000000,
    workers: 4,
    peak_bytes: 48000000,
    bytes_by_step: [],
    budget: null,
    held_back: false,
    predicted_fun_seconds: null,
    passes: [],
    stages: [],
    resources: [],
    tasks: [],
    critical_path: { tasks: [], seconds: null },
    run: null,
    advice: [],
  };
}

/** Adds to a document; each gives the id of what it added. */
export class Builder {
  constructor(kind, title) {
    this.doc = { ...empty(kind), title };
  }

  resource(name, scope, bytes, more) {
    const id = this.doc.resources.length;
    this.doc.resources.push({
      id,
      name,
      scope,
      bytes,
      guessed: false,
      stays: scope === 'registered',
      born: null,
      last_use: null,
      made_by: null,
      read_by: [],
      life: null,
      ...more,
    });
    return id;
  }

  task(kind, label, { step, stage = null, resource = null, reads = [], writes = [], frees = [], life = null }) {
    const id = this.doc.tasks.length;
    const waits = new Map();
    for (const one of [...reads, ...frees]) {
      const { made_by: maker, read_by: readers } = this.doc.resources[one];
      if (maker !== null) waits.set(maker, 'reads');
      if (frees.includes(one)) readers.forEach(reader => waits.set(reader, 'frees'));
    }
    this.doc.tasks.push({
      id,
      kind,
      label,
      step,
      stage,
      resource,
      reads,
      writes,
      frees,
      waits_for: [...waits].map(([task, why]) => ({ task, why })),
      life,
    });
    for (const one of reads) {
      this.doc.resources[one].read_by.push(id);
      this.doc.resources[one].last_use = step;
    }
    for (const one of writes) Object.assign(this.doc.resources[one], { made_by: id, born: step });
    for (const one of frees) this.doc.resources[one].last_use = step;
    return id;
  }

  /** A stage with its task and its passes: `passes` is `[{name, reads, bytes?, after?}]`; a pass without bytes keeps its results. */
  stage(step, elements, passes, chunks = 0) {
    const id = this.doc.stages.length;
    const ids = passes.map((one, i) => {
      const pass = this.doc.passes.length;
      const result = one.bytes === undefined ? null : this.resource(one.name, 'result', one.bytes);
      this.doc.passes.push({
        id: pass,
        name: one.name,
        about: one.about ?? `memApply over ${elements} columns`,
        part: one.part ?? 'map',
        elements,
        stage: id,
        result,
        schedule: 'auto',
        reads: one.reads ?? [],
        after: (one.after ?? []).map(back => pass - back),
        predicted_fun_seconds: null,
        repeated_names: 0,
        figures: null,
      });
      return pass;
    });
    const results = ids.map(pass => this.doc.passes[pass].result).filter(one => one !== null);
    const reads = [...new Set(passes.flatMap(one => one.reads ?? []))];
    const task = this.task('map', passes.map(one => one.name).join(' + '), { step, stage: id, reads, writes: results });
    this.doc.stages.push({ id, task, passes: ids, elements, pieces: 0, chunks });
    return { id, passes: ids, results };
  }
}

// What so many workers spent their time on.
const spent = (fun, workers) => ({
  wait: 0.1 * workers,
  map: 0.01 * workers,
  load: 0,
  run: fun,
  call: 0.001 * workers,
  serialize: 0.002 * workers,
  collect: 0.001 * workers,
  idle: 0.05 * workers,
});

const figures = more => ({
  seconds: 0,
  copy_seconds: 0.02,
  elements: 0,
  chunks: 0,
  fun_seconds: 0,
  utilisation: 0,
  overhead: 0,
  waiting: 0,
  deaths: 0,
  retries: 0,
  shared_bytes: 0,
  peak_bytes: 0,
  sent_bytes: 0,
  received_bytes: 0,
  network_seconds: 0,
  passes: 0,
  ...more,
});

/** Numbers between 0 and 1, the same each time. */
export function random(seed = 7) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Runs the stages one after the other: chunks of so many elements, on the workers that are free first. Fills in what a run has. */
export function simulate(builder, { chunk, cost, overhead = 5e-6, advice = [], ended = { kind: 'done', words: '' } }) {
  const { doc } = builder;
  const n = doc.workers;
  const columns = {
    stage: [],
    number: [],
    first: [],
    last: [],
    worker: [],
    attempt: [],
    state: [],
    started: [],
    ended: [],
    fun: [],
    bytes: [],
  };
  const steps = { chunk: [], pass: [], started: [], ended: [], fun: [] };
  const free = new Array(n).fill(0.01);
  const spans = [];
  for (const stage of doc.stages) {
    const waits = doc.tasks[stage.task].waits_for.map(wait => spans[doc.tasks[wait.task].stage]?.ended ?? 0);
    const ready = Math.max(0.01, ...waits);
    let number = 0;
    const span = { began: Infinity, ended: 0, fun: 0, chunks: 0, longest: 0 };
    for (let first = 1; first <= stage.elements; first += chunk) {
      const last = Math.min(stage.elements, first + chunk - 1);
      let worker = 0;
      for (let w = 1; w < n; w++) if (free[w] < free[worker]) worker = w;
      const started = Math.max(free[worker], ready);
      const fun = cost(stage, first, last);
      const end = started + fun + overhead;
      number += 1;
      const row = [stage.id, number, first, last, worker + 1, 1, 'done', started, end, fun, 8 * (last - first + 1)];
      Object.keys(columns).forEach((key, i) => columns[key].push(row[i]));
      if (stage.passes.length > 1) {
        stage.passes.forEach((pass, i) => {
          steps.chunk.push(columns.stage.length - 1);
          steps.pass.push(pass);
          steps.started.push(started);
          steps.ended.push(end);
          steps.fun.push(fun * (i === 0 ? 0.3 : 0.7 / (stage.passes.length - 1)));
        });
      }
      free[worker] = end;
      span.began = Math.min(span.began, started);
      span.ended = Math.max(span.ended, end);
      span.fun += fun;
      span.chunks += 1;
      span.longest = Math.max(span.longest, end - started);
    }
    stage.chunks = span.chunks;
    spans.push(span);
  }
  const seconds = Math.max(...spans.map(span => span.ended)) + 0.002;
  finish(builder, { columns, steps, spans, seconds, advice, ended });
  return doc;
}

function finish({ doc }, { columns, steps, spans, seconds, advice, ended }) {
  const fun = spans.reduce((sum, span) => sum + span.fun, 0);
  const work = columns.started.reduce((sum, started, i) => sum + columns.ended[i] - started, 0);
  const places = seconds * doc.workers;
  for (const pass of doc.passes) {
    const span = spans[pass.stage];
    const share = 1 / doc.stages[pass.stage].passes.length;
    pass.figures = {
      chunks: span.chunks,
      began: span.began,
      ended: span.ended,
      fun_seconds: span.fun * share,
      share: (span.fun * share) / fun,
      utilisation: span.fun / ((span.ended - span.began) * doc.workers),
      overhead: 0.04,
      mean_chunk: span.fun / span.chunks,
      longest_chunk: span.longest,
      bytes: pass.result === null ? 0 : doc.resources[pass.result].bytes,
      retries: 0,
      misled: false,
      slowest: [
        { element: 3, name: 'gene-c', seconds: span.longest / 2 },
        { element: 1, name: null, seconds: span.longest / 3 },
      ],
    };
  }
  const changes = [];
  for (const resource of doc.resources) {
    const maker = resource.made_by === null ? null : doc.tasks[resource.made_by];
    const from = maker && maker.stage !== null ? spans[maker.stage].began : 0;
    const readers = resource.read_by
      .map(task => doc.tasks[task].stage)
      .filter(stage => stage !== null)
      .map(stage => spans[stage].ended);
    const until = resource.scope === 'registered' ? null : readers.length ? Math.max(...readers) : seconds;
    resource.life = { from, until };
    if (resource.scope !== 'registered') changes.push([from, resource.bytes], [until, -resource.bytes]);
  }
  changes.sort((a, b) => a[0] - b[0]);
  const memory = { at: [], bytes: [] };
  let now = 0;
  let peak = 0;
  for (const [at, by] of changes) {
    now += by;
    peak = Math.max(peak, now);
    memory.at.push(at);
    memory.bytes.push(now);
  }
  for (const task of doc.tasks) {
    const span = task.stage === null ? { began: 0, ended: seconds } : spans[task.stage];
    task.life = { state: 'done', ready: span.began, began: span.began, ended: span.ended };
  }
  const maps = doc.stages.map(stage => stage.task);
  doc.critical_path = { tasks: maps, seconds: spans.reduce((sum, span) => sum + span.longest, 0) };
  doc.advice = advice;
  doc.run = {
    ended,
    begun: doc.made,
    workers: Array.from({ length: doc.workers }, (_, i) => ({ worker: i + 1, pid: 4000 + i, joined: 0.005, left: seconds, died: null })),
    figures: figures({
      seconds,
      elements: doc.passes.reduce((sum, pass) => sum + pass.elements, 0),
      chunks: columns.stage.length,
      fun_seconds: fun,
      utilisation: fun / places,
      overhead: (work - fun) / work,
      waiting: 1 - work / places,
      spent: spent(fun, doc.workers),
      shared_bytes: 16123456,
      peak_bytes: peak,
      passes: doc.passes.length,
    }),
    activities: Array.from({ length: doc.workers }, () => spent(fun / doc.workers, 1)),
    loads: [],
    chunks: columns,
    steps,
    memory,
    hosts: [],
    events: [
      { at: 0.005, kind: 'joined', words: 'worker 1 has the board', task: null, resource: null, worker: 1, stage: null },
      ...spans.map((span, i) => ({
        at: span.began,
        kind: 'began',
        words: `${doc.tasks[doc.stages[i].task].label} began`,
        task: doc.stages[i].task,
        resource: null,
        worker: null,
        stage: i,
      })),
    ],
  };
}

/** The diamond: mu and s run together, z reads both, top folds z. */
export function diamond(kind = 'run', names = ['mu', 's', 'z', 'top']) {
  const b = new Builder(kind, 'memRun(p)');
  const x = b.resource('X', 'registered', 8000000);
  const [mu, s, z, top] = names;
  const one = b.stage(1, 1000, [
    { name: mu, reads: [x], bytes: 8000 },
    { name: s, reads: [x], bytes: 8000 },
  ]);
  b.stage(2, 1000, [
    { name: z, reads: [x, ...one.results] },
    { name: top, after: [1], bytes: 8000 },
  ]);
  b.task('release', `release ${mu}`, { step: 3, resource: one.results[0], frees: [one.results[0]] });
  const out = b.doc.resources.length - 1;
  b.task('gather', `gather ${s}`, { step: 2, resource: one.results[1], reads: [one.results[1]] });
  b.task('gather', `gather ${top}`, { step: 3, resource: out, reads: [out] });
  if (kind === 'plan') return b.doc;
  const next = random();
  return simulate(b, {
    chunk: 50,
    cost: (stage, first, last) => (last - first + 1) * 1e-4 * (0.6 + next()),
    advice: ['Overhead is 2 %: the chunks are large enough.'],
  });
}

/** The diamond on two hosts of two workers each; a third was lost. */
export function overHosts() {
  const doc = diamond();
  const { run } = doc;
  const end = run.figures.seconds;
  const host = (number, name, workers, sent, received, lost = null) => ({
    host: number,
    name,
    first_worker: 2 * number - 1,
    workers,
    joined: 0,
    left: lost === null ? end : 0.8 * end,
    lost,
    elements: 1000 * workers,
    fun_seconds: run.figures.fun_seconds / 2,
    utilisation: 0.8,
    peak_bytes: 24000,
    sent: { from: [0], until: [sent[0] * end], bytes: [sent[1]] },
    received: { from: [0.9 * end], until: [0.95 * end], bytes: [received] },
  });
  run.hosts = [
    host(1, "node 1 of CLUSTER (host 'alpha')", 2, [0.2, 1700000], 24000),
    host(2, "node 3 of CLUSTER (host 'beta')", 2, [0.3, 1600000], 24000),
    host(3, "node 5 of CLUSTER (host 'gamma')", 0, [0.1, 4000], 0, 'nothing was heard of it for 3 s'),
  ];
  Object.assign(run.figures, { sent_bytes: 3304000, received_bytes: 48000, network_seconds: 0.35 * end });
  run.memory = { at: [], bytes: [] };
  return doc;
}

/** One pass over 2,000 columns: one element takes long, and a worker dies. */
export function straggler() {
  const b = new Builder('run', 'memApply("X", 2, fit, NAMESPACE = "genes")');
  const x = b.resource('X', 'registered', 16000000);
  b.stage(1, 2000, [{ name: 'fit', reads: [x], bytes: 64000 }]);
  b.task('gather', 'gather fit', { step: 2, resource: 1, reads: [1] });
  const next = random(3);
  const doc = simulate(b, {
    chunk: 25,
    cost: (_, first) => 25 * 4e-4 * (0.6 + next()) + (first === 1501 ? 1.1 : 0),
    advice: ['Element 1,510 took 1.1 s, 40 % of the run.', 'A worker died; its chunk was done again.'],
  });
  const { chunks, figures: f, workers, events } = doc.run;
  const lost = 20;
  const dead = chunks.worker[lost];
  const at = chunks.started[lost] + (chunks.ended[lost] - chunks.started[lost]) / 2;
  const again = {
    stage: 0,
    number: chunks.number.length + 1,
    first: chunks.first[lost],
    last: chunks.last[lost],
    worker: (dead % 4) + 1,
    attempt: 2,
    state: 'done',
    started: f.seconds - 0.002,
    ended: f.seconds,
    fun: 0.001,
    bytes: 200,
  };
  Object.keys(chunks).forEach(key => chunks[key].push(again[key]));
  chunks.state[lost] = 'lost';
  chunks.ended[lost] = at;
  workers[dead - 1].left = at;
  workers[dead - 1].died = 'killed by signal 9';
  workers.push({ worker: dead, pid: 4999, joined: at + 0.003, left: f.seconds, died: null });
  events.push({ at, kind: 'died', words: `worker ${dead} died: killed by signal 9`, task: null, resource: null, worker: dead, stage: 0 });
  f.deaths = 1;
  f.retries = 1;
  doc.passes[0].figures.retries = 1;
  return doc;
}

/** A run that failed, of many workers, without a trace of chunks. */
export function untraced() {
  const doc = diamond();
  for (const key of Object.keys(doc.run.chunks)) doc.run.chunks[key] = [];
  for (const key of Object.keys(doc.run.steps)) doc.run.steps[key] = [];
  doc.run.ended = { kind: 'failed', words: "pass 'z': FUN failed at element 17: object 'q' not found" };
  doc.workers = 96;
  return doc;
}

/** One pass of so many chunks of one element. */
export function many(n = 100000, workers = 8) {
  const b = new Builder('run', 'memLapply(1:1e5, f, CONTROL = memControl(chunk = 1))');
  b.doc.workers = workers;
  const x = b.resource('1:1e5', 'shared', 400000);
  b.stage(1, n, [{ name: 'f', reads: [x], bytes: 8 * n }]);
  b.task('gather', 'gather f', { step: 2, resource: 1, reads: [1] });
  const next = random(11);
  return simulate(b, {
    chunk: 1,
    cost: () => 2e-5 * (0.5 + next()),
    overhead: 1.1e-5,
    advice: ['Chunks of 31 µs: overhead 35 %; raise chunk.'],
  });
}

/** A plan of so many passes side by side over the same data, each a stage of its own. */
export function wide(passes = 1200) {
  const b = new Builder('plan', 'memPlan(...)');
  const x = b.resource('X', 'registered', 8000000);
  for (let i = 0; i < passes; i++) {
    const { results } = b.stage(1, 500, [{ name: `fit_${NAMES[i % 26]}${i}`, reads: [x], bytes: 4000 }]);
    b.task('gather', `gather ${i}`, { step: 2, resource: results[0], reads: results });
  }
  return b.doc;
}

/** A chain of so many passes, each reading the one before as a whole. */
export function chain(passes = 1000) {
  const b = new Builder('plan', 'memPlan(last)');
  let before = b.resource('X', 'registered', 8000000);
  for (let i = 0; i < passes; i++) {
    const { results } = b.stage(1 + i, 100, [{ name: `step_${i}`, reads: [before], bytes: 8000 }]);
    if (i > 0) b.task('release', `release step_${i - 1}`, { step: 2 + i, resource: before, frees: [before] });
    [before] = results;
  }
  return b.doc;
}
