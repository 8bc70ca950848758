// Draws memory over time: the curve with the predicted peak, and the resources' lives.
import { shorten } from '../dom.js';
import { bytes as asBytes, size } from '../format.js';
import { colourOf } from '../palette.js';
import { LEFT, RIGHT, clip } from './axis.js';

/** The curve's height. */
export const CURVE = 96;
/** A life's. */
export const ROW = 19;
const ROWS = 14;
/** The curve's height where there is none. */
const NONE = 4;

export class MemoryChart {
  constructor(model, lives) {
    this.model = model;
    this.data = lives;
    this.shown = lives.lives.slice(0, ROWS);
    this.left = lives.lives.length - this.shown.length;
    // A run over several hosts has no memory of its own: each host has.
    this.curveHeight = model.hosts.length ? NONE : CURVE;
    this.most = lives.bytes.reduce((most, one) => Math.max(most, one), 0);
    const { peak_bytes: peak, budget } = model.doc;
    this.lines = [
      ['predicted peak', peak],
      ['budget', budget],
    ].filter(([, value]) => value && value <= 3 * Math.max(this.most, 1));
    this.top = Math.max(this.most, ...this.lines.map(([, value]) => value), 1) * 1.06;
    this.maker = new Map(model.doc.passes.filter(pass => pass.result !== null).map(pass => [pass.result, pass.id]));
  }

  get height() {
    return this.curveHeight + 10 + this.shown.length * ROW + (this.left ? ROW : 0);
  }

  draw(ctx, axis, colours, focus) {
    if (this.curveHeight === CURVE) {
      this.scale(ctx, axis, colours);
      clip(ctx, axis, 0, CURVE + 1, () => this.curve(ctx, axis, colours));
    }
    this.shown.forEach((life, row) => this.life(ctx, axis, life, this.curveHeight + 10 + row * ROW, colours, focus));
    if (!this.left) return;
    ctx.fillStyle = colours.soft;
    ctx.fillText(`and ${this.left} smaller: see Resources in the table`, LEFT + 4, this.height - ROW / 2);
  }

  y(value) {
    return CURVE - (value / this.top) * (CURVE - 6);
  }

  scale(ctx, axis, colours) {
    ctx.textAlign = 'right';
    ctx.fillStyle = colours.soft;
    ctx.fillText(asBytes(this.most), LEFT - 10, Math.max(8, this.y(this.most)));
    ctx.fillText('0', LEFT - 10, CURVE - 4);
    ctx.textAlign = 'left';
    ctx.fillStyle = colours.line;
    ctx.fillRect(LEFT, CURVE, axis.width - LEFT - RIGHT, 1);
  }

  curve(ctx, axis, colours) {
    const { at, bytes, end } = this.data;
    if (at.length) {
      ctx.beginPath();
      ctx.moveTo(axis.x(at[0]), CURVE);
      let y = CURVE;
      for (let i = 0; i < at.length; i++) {
        const x = axis.x(at[i]);
        ctx.lineTo(x, y);
        y = this.y(bytes[i]);
        ctx.lineTo(x, y);
      }
      ctx.lineTo(axis.x(end), y);
      ctx.lineTo(axis.x(end), CURVE);
      ctx.globalAlpha = 0.22;
      ctx.fillStyle = colours.memory;
      ctx.fill();
      ctx.globalAlpha = 1;
      ctx.strokeStyle = colours.memory;
      ctx.lineWidth = 1.5;
      ctx.stroke();
    }
    for (const [name, value] of this.lines) {
      const y = Math.round(this.y(value)) + 0.5;
      ctx.setLineDash([5, 4]);
      ctx.strokeStyle = colours.soft;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(LEFT, y);
      ctx.lineTo(axis.width - RIGHT, y);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.fillStyle = colours.soft;
      ctx.fillText(`${name} ${asBytes(value)}`, LEFT + 6, y + (y < 14 ? 9 : -8));
    }
  }

  life(ctx, axis, { resource, from, until }, y, colours, focus) {
    const chosen = focus.resource === resource.id;
    ctx.textAlign = 'right';
    ctx.fillStyle = chosen ? colours.ink : colours.soft;
    ctx.fillText(shorten(resource.name, 15), LEFT - 10, y + ROW / 2);
    ctx.textAlign = 'left';
    clip(ctx, axis, y, ROW, () => {
      const [x0, x1] = [axis.x(from), axis.x(until ?? this.data.end)];
      const wide = Math.max(x1 - x0, 2);
      const pass = this.maker.get(resource.id);
      ctx.fillStyle = pass === undefined ? colours.resource : colours.passes[colourOf(pass)];
      ctx.globalAlpha = focus.resource === null || chosen ? 0.75 : 0.25;
      ctx.fillRect(x0, y + 4, wide, ROW - 8);
      ctx.globalAlpha = 1;
      ctx.fillStyle = colours.ink;
      ctx.fillRect(x0, y + 2, 1.5, ROW - 4);
      if (until !== null) ctx.fillRect(x1 - 1.5, y + 2, 1.5, ROW - 4);
      const text = `${size(resource)}${until === null ? ' · stays' : ''}`;
      const room = axis.width - RIGHT - x1;
      if (wide > 8 * text.length) {
        ctx.fillStyle = pass === undefined ? colours.ink : colours.on;
        ctx.fillText(text, Math.max(x0, LEFT) + 6, y + ROW / 2 + 0.5);
      } else if (room > 8 * text.length) {
        ctx.fillStyle = colours.soft;
        ctx.fillText(text, x1 + 6, y + ROW / 2 + 0.5);
      }
      if (chosen) {
        ctx.strokeStyle = colours.ink;
        ctx.lineWidth = 2;
        ctx.strokeRect(x0, y + 3, wide, ROW - 6);
      }
    });
  }

  /** What is at a place: `{resource}`, or `{bytes, at}` in the curve. */
  hit(axis, px, py) {
    const row = Math.floor((py - this.curveHeight - 10) / ROW);
    if (row >= 0) return this.shown[row] ? { life: this.shown[row] } : null;
    if (px < LEFT || py < 0 || this.curveHeight !== CURVE) return null;
    const time = axis.at(px);
    const { at, bytes } = this.data;
    let [low, high] = [0, at.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return { at: time, bytes: low ? bytes[low - 1] : 0 };
  }
}
