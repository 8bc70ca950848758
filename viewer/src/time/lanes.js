// The workers' lanes: chunks in the colours of their passes. Chunks that are narrower than a pixel are summed by column, whose height is
// the part of it in which the worker was busy, FUN in full colour; so a hundred thousand chunks cost no more than the pixels, and idle
// time stays visible.
import { seconds } from '../format.js';
import { colourOf } from '../palette.js';
import { LEFT, RIGHT, clip } from './axis.js';

/** The height of a lane for so many of them. */
export const laneHeight = lanes => Math.max(8, Math.min(28, Math.floor(320 / Math.max(lanes, 1))));

const DONE = 0;
const STOPPED = 3;

export class Lanes {
  constructor(model) {
    this.model = model;
    this.height = laneHeight(model.tracks);
    this.hatches = new Map();
  }

  /** All lanes. `focus` has `chunk`, and `stage`: the one that stands out, or null. */
  draw(ctx, axis, colours, focus) {
    for (let worker = 1; worker <= this.model.tracks; worker++) {
      const y = (worker - 1) * this.height;
      this.label(ctx, worker, y, colours);
      clip(ctx, axis, y, this.height, () => this.lane(ctx, axis, worker, y, colours, focus));
    }
    // A line between hosts.
    ctx.fillStyle = colours.faint;
    for (const host of this.model.hosts.slice(1)) ctx.fillRect(0, (host.first_worker - 1) * this.height - 0.5, axis.width - RIGHT, 1);
    for (let worker = 1; worker <= this.model.tracks; worker++) this.deaths(ctx, axis, worker, (worker - 1) * this.height, colours);
  }

  label(ctx, worker, y, colours) {
    if (this.height < 12 && worker % 5 !== 1) return;
    ctx.fillStyle = colours.soft;
    ctx.textAlign = 'right';
    ctx.fillText(`worker ${worker}`, LEFT - 10, y + this.height / 2);
    ctx.textAlign = 'left';
  }

  // The first chunk of a lane that ends after `time`.
  firstAfter(lane, time) {
    const { ended } = this.model.chunks;
    let [low, high] = [0, lane.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ended[lane[middle]] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  lane(ctx, axis, worker, y, colours, focus) {
    const { model } = this;
    const pad = this.height >= 14 ? 3 : 1;
    const [top, tall] = [y + pad, this.height - 2 * pad];
    ctx.fillStyle = colours.band;
    for (const life of model.run.workers) {
      if (life.worker !== worker) continue;
      const from = axis.x(life.joined);
      ctx.fillRect(from, top, Math.max(axis.x(life.left) - from, 1), tall);
    }
    this.waits(ctx, axis, worker, top, tall, colours);
    const lane = model.byWorker[worker] ?? [];
    const [begin, end] = axis.span();
    const { started, ended, stage, state } = model.chunks;
    const columns = axis.width + 1;
    const busy = new Float32Array(columns);
    const inside = new Float32Array(columns);
    const colour = new Int32Array(columns).fill(-1);
    const bad = new Uint8Array(columns);
    let narrow = false;
    for (let i = this.firstAfter(lane, begin); i < lane.length && started[lane[i]] <= end; i++) {
      const chunk = lane[i];
      const [x0, x1] = [axis.x(started[chunk]), axis.x(ended[chunk])];
      if (x1 - x0 >= 1.5 || (state[chunk] !== DONE && x1 - x0 >= 0.5)) {
        this.chunk(ctx, chunk, x0, x1, top, tall, colours, focus);
        continue;
      }
      narrow = true;
      const part = this.funPart(chunk);
      for (let x = Math.max(0, Math.floor(x0)); x <= x1 && x < columns; x++) {
        const wide = Math.min(x1, x + 1) - Math.max(x0, x);
        busy[x] += wide;
        inside[x] += wide * part;
        colour[x] = stage[chunk];
        if (state[chunk] !== DONE) bad[x] = 1;
      }
    }
    if (narrow) this.columns(ctx, { busy, inside, colour, bad }, top, tall, colours, focus);
    for (const load of model.run.loads)
      if (load.worker === worker) this.load(ctx, axis.x(load.from), axis.x(load.until), top, tall, colours);
    if (focus.chunk !== null && model.chunks.worker[focus.chunk] === worker) this.outline(ctx, axis, focus.chunk, top, tall, colours);
  }

  // Before a place is taken: packages that were loaded for all workers.
  waits(ctx, axis, worker, top, tall, colours) {
    const lives = this.model.run.workers.filter(life => life.worker === worker);
    const joined = Math.min(...lives.map(life => life.joined));
    for (const load of this.model.run.loads)
      if (load.worker === null && load.from < joined)
        this.load(ctx, axis.x(load.from), axis.x(Math.min(load.until, joined)), top, tall, colours);
  }

  // Loading packages: striped upright.
  load(ctx, x0, x1, top, tall, colours) {
    ctx.fillStyle = colours.panel;
    ctx.fillRect(x0, top, Math.max(x1 - x0, 1), tall);
    ctx.fillStyle = colours.soft;
    for (let x = x0; x < x1; x += 4) ctx.fillRect(x, top, 1, tall);
  }

  columns(ctx, { busy, inside, colour, bad }, top, tall, colours, focus) {
    for (let x = 0; x < busy.length; x++) {
      if (colour[x] < 0) continue;
      const faded = this.faded(colour[x], focus);
      const part = Math.max(1, Math.min(1, busy[x]) * tall);
      const full = Math.min(1, inside[x]) * tall;
      ctx.fillStyle = colours.passes[colourOf(this.main(colour[x]))];
      ctx.globalAlpha = faded ? 0.1 : 0.35;
      ctx.fillRect(x, top + tall - part, 1, part);
      ctx.globalAlpha = faded ? 0.15 : 1;
      ctx.fillRect(x, top + tall - full, 1, full);
      ctx.globalAlpha = 1;
      if (!bad[x]) continue;
      ctx.fillStyle = colours.bad;
      ctx.fillRect(x - 1, top, 3, Math.max(3, tall / 3));
    }
  }

  main(stage) {
    return this.model.doc.stages[stage]?.passes[0] ?? 0;
  }

  faded(stage, focus) {
    return focus.stage !== null && focus.stage !== stage;
  }

  // A chunk: what FUN took of it in full colour, the rest pale behind it; of several passes each its part of the height.
  chunk(ctx, chunk, x0, x1, top, tall, colours, focus) {
    const { model } = this;
    const stage = model.chunks.stage[chunk];
    const wide = Math.max(x1 - x0 - (x1 - x0 > 5 ? 1 : 0), 1);
    const fun = this.funPart(chunk);
    const steps = this.parts(chunk);
    const faded = this.faded(stage, focus);
    let y = top;
    for (const { pass, part } of steps) {
      ctx.fillStyle = colours.passes[colourOf(pass)];
      ctx.globalAlpha = faded ? 0.1 : 0.35;
      ctx.fillRect(x0, y, wide, tall * part);
      ctx.globalAlpha = faded ? 0.15 : 1;
      ctx.fillRect(x0, y, wide * fun, tall * part);
      y += tall * part;
    }
    ctx.globalAlpha = 1;
    if (model.chunks.state[chunk] !== DONE)
      this.wrong(ctx, x0, wide, top, tall, colours, model.chunks.state[chunk] === STOPPED ? colours.soft : colours.bad);
    else if (!faded && tall >= 14) this.number(ctx, chunk, x0, wide, top, tall, colours);
  }

  // The part of a chunk's time that was FUN.
  funPart(chunk) {
    const took = this.model.took(chunk);
    return took > 0 ? Math.min(1, this.model.chunks.fun[chunk] / took) : 1;
  }

  parts(chunk) {
    const steps = this.model.stepsOf(chunk);
    const all = steps.reduce((sum, step) => sum + step.fun, 0);
    if (steps.length > 1 && all > 0) return steps.map(step => ({ pass: step.pass, part: step.fun / all }));
    const passes = this.model.passesOf(chunk);
    return passes.length ? passes.slice(0, 6).map((pass, _, some) => ({ pass, part: 1 / some.length })) : [{ pass: 0, part: 1 }];
  }

  wrong(ctx, x, wide, top, tall, colours, colour) {
    ctx.fillStyle = colours.paper;
    ctx.globalAlpha = 0.55;
    ctx.fillRect(x, top, wide, tall);
    ctx.globalAlpha = 1;
    ctx.fillStyle = this.hatch(ctx, colour);
    ctx.fillRect(x, top, wide, tall);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(x + 0.75, top + 0.75, Math.max(wide - 1.5, 0.5), tall - 1.5);
  }

  hatch(ctx, colour) {
    if (!this.hatches.has(colour)) {
      const tile = document.createElement('canvas');
      tile.width = tile.height = 6;
      const pen = tile.getContext('2d');
      pen.strokeStyle = colour;
      pen.lineWidth = 1.3;
      pen.beginPath();
      for (const shift of [-6, 0, 6]) {
        pen.moveTo(shift, 6);
        pen.lineTo(shift + 6, 0);
      }
      pen.stroke();
      this.hatches.set(colour, ctx.createPattern(tile, 'repeat'));
    }
    return this.hatches.get(colour);
  }

  number(ctx, chunk, x, wide, top, tall, colours) {
    const number = String(this.model.chunks.number[chunk]);
    const both = `${number} · ${seconds(this.model.took(chunk))}`;
    const text = wide > 24 + 7 * both.length ? both : number;
    if (wide < 10 + 7 * text.length) return;
    ctx.fillStyle = colours.on;
    ctx.textAlign = 'left';
    ctx.fillText(text, x + 5, top + tall / 2 + 0.5);
  }

  outline(ctx, axis, chunk, top, tall, colours) {
    const [x0, x1] = [axis.x(this.model.chunks.started[chunk]), axis.x(this.model.chunks.ended[chunk])];
    ctx.strokeStyle = colours.ink;
    ctx.lineWidth = 2;
    ctx.strokeRect(x0 - 1, top - 1, Math.max(x1 - x0, 3) + 1, tall + 2);
  }

  // A cross in a circle where a worker died.
  deaths(ctx, axis, worker, y, colours) {
    for (const life of this.model.run.workers) {
      if (life.worker !== worker || life.died === null) continue;
      const x = axis.x(life.left);
      if (x < LEFT - 1 || x > axis.width - RIGHT + 1) continue;
      const middle = y + this.height / 2;
      const r = Math.min(7, this.height / 2 - 0.5);
      ctx.beginPath();
      ctx.arc(x, middle, r, 0, 2 * Math.PI);
      ctx.fillStyle = colours.bad;
      ctx.fill();
      ctx.strokeStyle = colours.paper;
      ctx.lineWidth = 1.5;
      ctx.stroke();
      ctx.beginPath();
      const c = r * 0.42;
      ctx.moveTo(x - c, middle - c);
      ctx.lineTo(x + c, middle + c);
      ctx.moveTo(x + c, middle - c);
      ctx.lineTo(x - c, middle + c);
      ctx.stroke();
    }
  }

  /** What is at a place: `{worker, chunk, death}`. */
  hit(axis, px, py) {
    const worker = Math.floor(py / this.height) + 1;
    if (worker < 1 || worker > this.model.tracks) return null;
    const death = this.model.run.workers.find(life => life.worker === worker && life.died !== null && Math.abs(axis.x(life.left) - px) < 9);
    const lane = this.model.byWorker[worker] ?? [];
    const { started, ended } = this.model.chunks;
    let chunk = null;
    if (px >= LEFT) {
      for (let i = Math.max(0, this.firstAfter(lane, axis.at(px - 2)) - 1); i < lane.length && axis.x(started[lane[i]]) <= px + 2; i++) {
        if (axis.x(ended[lane[i]]) >= px - 2) chunk = lane[i];
        if (started[lane[i]] <= axis.at(px) && axis.at(px) <= ended[lane[i]]) break;
      }
    }
    const at = axis.at(px);
    const load = this.model.run.loads.find(one => (one.worker ?? worker) === worker && one.from <= at && at <= one.until);
    return { worker, chunk, death: death ?? null, load: px >= LEFT ? load : undefined };
  }
}
