// The document, with the indices that the views need. Everything here is computed once, in time proportional to the document.

const STATES = ['done', 'failed', 'lost', 'stopped'];

export class Model {
  constructor(doc) {
    this.doc = doc;
    this.run = doc.run;
    this.tracks = doc.run ? this.places(doc) : 0;
    this.hosts = doc.run?.hosts ?? [];
    this.chunks = this.columns(doc.run?.chunks);
    this.count = this.chunks.stage.length;
    this.stepIndex(doc.run?.steps);
    this.byWorker = this.lanes();
    this.stageChunks = this.grouped();
    this.maxStep = doc.tasks.reduce((most, task) => Math.max(most, task.step), 0);
    this.users = this.passesByResource();
    this.critical = new Set(doc.critical_path?.tasks ?? []);
  }

  // Of each resource, the passes that read or give it.
  passesByResource() {
    const users = this.doc.resources.map(() => []);
    for (const pass of this.doc.passes) {
      for (const id of new Set([...pass.reads, ...(pass.result === null ? [] : [pass.result])])) users[id].push(pass.id);
    }
    return users;
  }

  places(doc) {
    const workers = doc.run.workers.reduce((most, one) => Math.max(most, one.worker), 0);
    return Math.max(doc.workers, workers, doc.run.activities.length);
  }

  columns(chunks) {
    const of = (name, Type) => Type.from(chunks?.[name] ?? []);
    return {
      stage: of('stage', Uint32Array),
      number: of('number', Float64Array),
      first: of('first', Float64Array),
      last: of('last', Float64Array),
      worker: of('worker', Uint32Array),
      attempt: of('attempt', Uint32Array),
      state: Uint8Array.from(chunks?.state ?? [], state => STATES.indexOf(state)),
      started: of('started', Float64Array),
      ended: of('ended', Float64Array),
      fun: of('fun', Float64Array),
      bytes: of('bytes', Float64Array),
    };
  }

  // Of each chunk, where its steps stand: from `stepFrom[chunk]` to `stepFrom[chunk + 1]` in `stepOrder`.
  stepIndex(steps) {
    this.steps = steps ?? { chunk: [], pass: [], started: [], ended: [], fun: [] };
    const n = this.steps.chunk.length;
    this.stepFrom = new Uint32Array(this.count + 1);
    for (let i = 0; i < n; i++) this.stepFrom[this.steps.chunk[i] + 1]++;
    for (let i = 0; i < this.count; i++) this.stepFrom[i + 1] += this.stepFrom[i];
    const next = this.stepFrom.slice();
    this.stepOrder = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.stepOrder[next[this.steps.chunk[i]]++] = i;
  }

  // Of each worker's place, its chunks by their begin.
  lanes() {
    const lanes = Array.from({ length: this.tracks + 1 }, () => []);
    for (let i = 0; i < this.count; i++) (lanes[this.chunks.worker[i]] ??= []).push(i);
    const started = this.chunks.started;
    return lanes.map(lane => Uint32Array.from(lane).sort((a, b) => started[a] - started[b]));
  }

  grouped() {
    const groups = this.doc.stages.map(() => []);
    for (let i = 0; i < this.count; i++) groups[this.chunks.stage[i]]?.push(i);
    return groups.map(group => Uint32Array.from(group));
  }

  /** The host of a worker in a run over several, or undefined. */
  hostOf(worker) {
    return this.hosts.find(host => host.first_worker <= worker && worker < host.first_worker + host.workers);
  }

  /** The bytes that a host was `sent`, or that were `received` of it. */
  moved(host, way) {
    return host[way].bytes.reduce((sum, part) => sum + part, 0);
  }

  state(chunk) {
    return STATES[this.chunks.state[chunk]] ?? '–';
  }

  took(chunk) {
    return this.chunks.ended[chunk] - this.chunks.started[chunk];
  }

  /** The passes that a chunk runs. */
  passesOf(chunk) {
    return this.doc.stages[this.chunks.stage[chunk]]?.passes ?? [];
  }

  passName(id) {
    return this.doc.passes[id]?.name ?? `pass ${id + 1}`;
  }

  stageName(stage) {
    const passes = this.doc.stages[stage]?.passes ?? [];
    if (passes.length <= 3) return passes.map(pass => this.passName(pass)).join(' + ');
    return `${this.passName(passes[0])} + ${passes.length - 1} more`;
  }

  /** The chunks of a pass: those of its stage. */
  chunksOf(pass) {
    return this.stageChunks[this.doc.passes[pass].stage] ?? new Uint32Array();
  }

  /** The part of a chunk's FUN time that each of its steps took: `[{pass, fun}]`; none where that was not measured. */
  stepsOf(chunk) {
    const out = [];
    for (let i = this.stepFrom[chunk]; i < this.stepFrom[chunk + 1]; i++) {
      const step = this.stepOrder[i];
      out.push({ pass: this.steps.pass[step], fun: this.steps.fun[step] });
    }
    return out;
  }

  /** The tasks that have to do with a pass: its stage's, and those that share, gather or release what it reads and gives. */
  tasksOf(pass) {
    const one = this.doc.passes[pass];
    const touched = new Set([...one.reads, ...(one.result === null ? [] : [one.result])]);
    return this.doc.tasks.filter(task => task.stage === one.stage || (task.resource !== null && touched.has(task.resource)));
  }

  /** The chunk that did an element of a stage in the end, or -1. */
  chunkWith(stage, element) {
    let found = -1;
    for (const chunk of this.stageChunks[stage] ?? []) {
      if (this.chunks.first[chunk] <= element && element <= this.chunks.last[chunk]) {
        if (found < 0 || this.chunks.attempt[chunk] > this.chunks.attempt[found]) found = chunk;
      }
    }
    return found;
  }

  /** Other chunks with elements of this one: what was tried before or after. */
  related(chunk) {
    const { first, last } = this.chunks;
    return [...(this.stageChunks[this.chunks.stage[chunk]] ?? [])].filter(
      other => other !== chunk && first[other] <= last[chunk] && first[chunk] <= last[other],
    );
  }

  /** A pass's chunks in at most `most` bins of neighbours: `[{chunks, seconds, bad}]`. */
  bins(pass, most = 40) {
    const chunks = this.chunksOf(pass);
    const n = Math.min(most, chunks.length);
    const out = [];
    for (let i = 0; i < n; i++) {
      const part = chunks.subarray(Math.floor((i * chunks.length) / n), Math.floor(((i + 1) * chunks.length) / n));
      let seconds = 0;
      let bad = 0;
      for (const chunk of part) {
        seconds += this.took(chunk);
        bad += this.chunks.state[chunk] === 0 ? 0 : 1;
      }
      out.push({ chunks: part, seconds, bad });
    }
    return out;
  }
}
