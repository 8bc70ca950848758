// What was on its way between the session and the hosts of a run over several: a row for each host under the workers' lanes, what it was sent in
// the upper half, what it sent back in the lower.
import { LEFT, RIGHT, clip } from './axis.js';

const ROW = 18;
const GAP = 8;
const ROWS = 12;

export class Network {
  constructor(model) {
    this.hosts = model.hosts.slice(0, ROWS);
    this.left = model.hosts.length - this.hosts.length;
  }

  get height() {
    return this.hosts.length ? GAP + this.hosts.length * ROW + (this.left ? ROW : 0) : 0;
  }

  draw(ctx, axis, top, colours) {
    this.hosts.forEach((host, row) => {
      const y = top + GAP + row * ROW;
      ctx.textAlign = 'right';
      ctx.fillStyle = colours.soft;
      ctx.fillText(`host ${host.host}`, LEFT - 10, y + ROW / 2);
      ctx.textAlign = 'left';
      clip(ctx, axis, y, ROW, () => {
        ctx.fillStyle = colours.band;
        const from = axis.x(host.joined);
        ctx.fillRect(from, y + 3, Math.max(axis.x(host.left) - from, 1), ROW - 6);
        this.moves(ctx, axis, host.sent, y + 3, colours.memory);
        this.moves(ctx, axis, host.received, y + ROW / 2, colours.ink);
        if (host.lost === null) return;
        ctx.fillStyle = colours.bad;
        ctx.fillRect(axis.x(host.left) - 1.5, y + 1, 3, ROW - 2);
      });
    });
    if (!this.left) return;
    ctx.fillStyle = colours.soft;
    ctx.fillText(`and ${this.left} more: see Hosts in the table`, LEFT + 4, top + this.height - ROW / 2);
  }

  moves(ctx, axis, moves, y, colour) {
    ctx.fillStyle = colour;
    moves.from.forEach((from, i) => {
      const x = axis.x(from);
      ctx.fillRect(x, y, Math.max(axis.x(moves.until[i]) - x, 1), ROW / 2 - 3);
    });
  }

  /** What is at a place, `py` from the rows' top on: `{host, way, from, until, bytes}`, of which all but the host may be missing. */
  hit(axis, px, py) {
    const row = (py - GAP) / ROW;
    const host = row >= 0 ? this.hosts[Math.floor(row)] : undefined;
    if (!host) return null;
    const way = row % 1 < 0.5 ? 'sent' : 'received';
    if (px < LEFT || px > axis.width - RIGHT) return { host };
    const { from, until, bytes } = host[way];
    const i = from.findIndex((time, at) => axis.x(time) - 2 <= px && px <= axis.x(until[at]) + 2);
    return i < 0 ? { host } : { host, way, from: from[i], until: until[i], bytes: bytes[i] };
  }
}
