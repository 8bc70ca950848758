// The time axis that workers and memory share: a scale that zoom changes, its ticks, and the canvas that is drawn on.
import { scaleLinear } from 'd3-scale';

/** Left of it stand labels. */
export const LEFT = 118;
/** Right of it nothing. */
export const RIGHT = 16;

export class Axis {
  constructor(end) {
    this.end = end > 0 ? end : 1;
    this.base = scaleLinear([0, this.end], [LEFT, LEFT + 100]);
    this.x = this.base;
  }

  resize(width) {
    this.width = width;
    this.base.range([LEFT, Math.max(width - RIGHT, LEFT + 10)]);
  }

  zoomed(transform) {
    this.x = transform.rescaleX(this.base);
  }

  /** What is in view. */
  span() {
    return this.x.domain();
  }

  at(pixel) {
    return this.x.invert(pixel);
  }
}

/** A canvas of so many CSS pixels, ready to be drawn on. */
export function prepare(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.setProperty('width', `${width}px`);
    canvas.style.setProperty('height', `${height}px`);
  }
  const ctx = canvas.getContext('2d');
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.font = '12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
  ctx.textBaseline = 'middle';
  return ctx;
}

/** Grid lines from `top` to `bottom`, and the ticks' texts under them; steps have theirs in their middle. */
export function ticks(ctx, axis, top, bottom, colours, label, steps) {
  const n = Math.max(2, Math.floor((axis.width - LEFT) / 110));
  ctx.textAlign = 'center';
  for (const tick of axis.x.ticks(n)) {
    if (steps && !Number.isInteger(tick)) continue;
    const x = Math.round(axis.x(tick)) + 0.5;
    ctx.fillStyle = colours.line;
    ctx.fillRect(x - 0.5, top, 1, bottom - top);
    const text = label(tick);
    const middle = steps && axis.x(tick + 1) - axis.x(tick) > 60 ? axis.x(tick + 0.5) : x;
    if (middle > axis.width) continue;
    const half = ctx.measureText(text).width / 2;
    ctx.fillStyle = colours.soft;
    ctx.fillText(text, Math.min(middle, axis.width - half - 2), bottom + 10);
  }
  ctx.textAlign = 'left';
}

/** Keeps what is drawn within the axis. */
export function clip(ctx, axis, top, height, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(LEFT, top, axis.width - LEFT - RIGHT + 1, height);
  ctx.clip();
  draw();
  ctx.restore();
}
