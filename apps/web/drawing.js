'use strict';
// Strokes on a square canvas, whose sides are 0 and 1, and how they become the pixels of a network.

const penOfExtent = 0.078; // MNIST's: half the thickness of a line, of the longer side of the digit
const least = 0.12; // extent of the smallest drawing that gets such a pen

/** A closed polygon (rings of [x, y]) cut to the square from `low` to `high` (Sutherland, Hodgman). */
function clipToSquare(polygon, low, high) {
  const cut = (points, axis, limit, sign) => {
    const inside = (p) => sign * (p[axis] - limit) <= 0;
    return points.flatMap((q, i) => {
      const p = points.at(i - 1);
      const t = (limit - p[axis]) / (q[axis] - p[axis]);
      const crossing = [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])];
      crossing[axis] = limit;
      if (inside(q)) return inside(p) ? [q] : [crossing, q];
      return inside(p) ? [crossing] : [];
    });
  };
  let out = polygon;
  for (const axis of [0, 1]) {
    out = cut(out, axis, high, 1);
    out = cut(out, axis, low, -1);
  }
  return out;
}

/** Points along a Catmull-Rom spline through those of a stroke. */
function smooth(stroke) {
  if (stroke.length < 3) return stroke;
  const at = (i) => stroke[Math.max(0, Math.min(stroke.length - 1, i))];
  const out = [];
  for (let i = 0; i + 1 < stroke.length; ++i)
    for (let k = 0; k < 6; ++k) {
      const t = k / 6;
      const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
      out.push([0, 1].map((j) => 0.5 * (2 * b[j] + (c[j] - a[j]) * t
        + (2 * a[j] - 5 * b[j] + 4 * c[j] - d[j]) * t * t + (3 * b[j] - a[j] - 3 * c[j] + d[j]) * t * t * t)));
    }
  out.push(stroke.at(-1));
  return out;
}

class Drawing {
  constructor() {
    this.strokes = []; // as they are at an angle of 0
    this.clutter = []; // stays where it is
    this.angle = 0; // degrees, clockwise, about the pivot
    this.pivot = [0.5, 0.5];
    this.shift = [0, 0]; // moves what is turned to where all of it can be seen
    this.past = []; // what undo() goes back to
  }

  get empty() {
    return this.strokes.length === 0;
  }

  remember() {
    const { strokes, clutter, pivot } = this;
    this.past.push({ strokes, clutter, pivot });
  }

  /** Takes back the last stroke, digit, clutter or clearing. */
  undo() {
    Object.assign(this, this.past.pop());
    this.turnTo(this.angle);
  }

  clear() {
    this.remember();
    this.strokes = [];
    this.clutter = [];
    this.turnTo(0);
  }

  /** Turns the drawing about its middle, which stays while it is turned. */
  turnTo(angle) {
    if (this.angle === 0 && !this.empty) {
      const box = this.box(this.strokes);
      this.pivot = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    }
    this.angle = angle;
    this.shift = [0, 0];
    if (angle === 0 || this.empty) return;
    const pen = this.pen, box = this.box(this.strokes.map((stroke) => stroke.map((p) => this.turned(p))));
    const into = (low, high) => (high - low > 1 - 2 * pen ? 0.5 - (low + high) / 2
      : Math.max(0, pen - low) + Math.min(0, 1 - pen - high));
    this.shift = [into(box.left, box.right), into(box.top, box.bottom)];
  }

  /** Where a point of the strokes is seen. */
  turned([x, y]) {
    const c = Math.cos(this.angle * Math.PI / 180), s = Math.sin(this.angle * Math.PI / 180);
    const u = x - this.pivot[0], v = y - this.pivot[1];
    return [this.pivot[0] + this.shift[0] + c * u - s * v, this.pivot[1] + this.shift[1] + s * u + c * v];
  }

  /** The reverse of turned(). */
  turnedBack([x, y]) {
    const c = Math.cos(this.angle * Math.PI / 180), s = Math.sin(this.angle * Math.PI / 180);
    const u = x - this.pivot[0] - this.shift[0], v = y - this.pivot[1] - this.shift[1];
    return [this.pivot[0] + c * u + s * v, this.pivot[1] - s * u + c * v];
  }

  /** Begins a stroke at a point that is seen. */
  begin(point) {
    this.remember();
    this.strokes = [...this.strokes, [this.turnedBack(point)]];
  }

  extend(point) {
    const stroke = this.strokes.at(-1), [x, y] = this.turnedBack(point), [u, v] = stroke.at(-1);
    if (Math.hypot(x - u, y - v) > 0.003) stroke.push([x, y]);
  }

  box(strokes) {
    const xs = strokes.flat().map((p) => p[0]), ys = strokes.flat().map((p) => p[1]);
    return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
  }

  /** All strokes, as they are seen. */
  shown() {
    return [...this.strokes.map((stroke) => stroke.map((p) => this.turned(p))), ...this.clutter];
  }

  /** Half the thickness of the lines: MNIST's for a drawing of this size. */
  get pen() {
    if (this.empty) return penOfExtent / 4;
    const box = this.box(this.strokes);
    return penOfExtent * Math.max(least, box.right - box.left, box.bottom - box.top);
  }

  /** side * side bytes, white on black with soft edges. */
  pixels(side) {
    const radius = Math.max(0.6, this.pen * side), reach = radius + 0.5;
    const out = new Uint8Array(side * side);
    for (const stroke of this.shown())
      for (let k = 0; k < Math.max(1, stroke.length - 1); ++k) {
        const [px, py] = stroke[k].map((v) => v * side - 0.5);
        const [qx, qy] = (stroke[k + 1] ?? stroke[k]).map((v) => v * side - 0.5);
        const dx = qx - px, dy = qy - py, scale = 1 / Math.max(dx * dx + dy * dy, 1e-9);
        const from = (a, b) => Math.max(0, Math.ceil(Math.min(a, b) - reach));
        const to = (a, b) => Math.min(side - 1, Math.floor(Math.max(a, b) + reach));
        for (let y = from(py, qy); y <= to(py, qy); ++y)
          for (let x = from(px, qx); x <= to(px, qx); ++x) {
            const t = Math.max(0, Math.min(1, ((x - px) * dx + (y - py) * dy) * scale));
            const depth = radius - Math.hypot(x - px - t * dx, y - py - t * dy) + 0.5;
            const ink = Math.round(255 * Math.max(0, Math.min(1, depth)));
            if (ink > out[y * side + x]) out[y * side + x] = ink;
          }
      }
    return out;
  }

  /** A digit of data/strokes.h in somebody's hand: `random` gives numbers from 0 to 1. */
  write(strokes, random) {
    this.clear();
    const about = (spread) => (random() + random() - 1) * spread;
    const size = 0.34 + 0.16 * random(), slant = 0.1 + about(0.15), width = 0.85 + 0.3 * random();
    const x = 0.5 + about(0.2), y = 0.5 + about(0.2);
    this.strokes = strokes.map((stroke) => smooth(stroke.map((p) => {
      const v = p[1] - 0.5 + about(0.03), u = (p[0] - 0.35 + about(0.03)) * width - slant * v;
      return [x + size * u, y + size * v];
    })));
  }

  /** Bits of strokes around the drawing. */
  addClutter(random) {
    const box = this.empty ? { left: 0.4, right: 0.6, top: 0.4, bottom: 0.6 } : this.box(this.strokes.map((stroke) => stroke.map((p) => this.turned(p))));
    const arcs = [];
    const near = ([x, y]) => x > box.left - 0.08 && x < box.right + 0.08 && y > box.top - 0.08 && y < box.bottom + 0.08;
    for (let tries = 0; tries < 200 && arcs.length < 5; ++tries) {
      const at = [0.06 + 0.88 * random(), 0.06 + 0.88 * random()], turn = 7 * random(), bend = 3 * random() - 1.5;
      if (near(at)) continue;
      const arc = Array.from({ length: 7 }, (_, i) => {
        const a = turn + bend * i / 7;
        return [at[0] + 0.012 * i * Math.cos(a), at[1] + 0.012 * i * Math.sin(a)];
      });
      if (arc.some((p) => near(p) || p.some((v) => v < 0.03 || v > 0.97))) continue;
      arcs.push(arc);
    }
    this.remember();
    this.clutter = [...this.clutter, ...arcs];
  }
}
