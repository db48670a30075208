// Digits to draw: MNIST's test digits traced to strokes, or, where there is no MNIST, the page's own.
import fs from 'node:fs';
import zlib from 'node:zlib';

/** Random numbers from 0 to 1 that are the same in every run (mulberry32). */
export function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Pixels that are left of a binary image when lines are one pixel wide (Zhang and Suen 1984). */
function thin(ink, side) {
  const on = Uint8Array.from(ink);
  const around = (i) => [i - side, i - side + 1, i + 1, i + side + 1, i + side, i + side - 1, i - 1, i - side - 1].map((k) => on[k]);
  for (let changed = true; changed;) {
    changed = false;
    for (const pass of [0, 1]) {
      const gone = [];
      for (let y = 1; y < side - 1; ++y)
        for (let x = 1; x < side - 1; ++x) {
          const i = y * side + x;
          if (!on[i]) continue;
          const p = around(i), count = p.reduce((a, b) => a + b);
          const steps = p.filter((v, k) => !v && p[(k + 1) % 8]).length;
          const [n, , e, , s, , w] = p;
          const edges = pass ? !(n && e && w) && !(n && s && w) : !(n && e && s) && !(e && s && w);
          if (count >= 2 && count <= 6 && steps === 1 && edges) gone.push(i);
        }
      for (const i of gone) on[i] = 0;
      changed ||= gone.length > 0;
    }
  }
  return on;
}

/** The lines of a thinned image as strokes of pixel numbers, each as straight on as it goes. */
function follow(on, side) {
  const left = new Set([...on.keys()].filter((i) => on[i]));
  const steps = [-side, 1, side, -1, -side + 1, side + 1, side - 1, -side - 1];
  const neighbours = (i) => steps.map((s) => i + s).filter((k) => left.has(k));
  const strokes = [];
  while (left.size) {
    const all = [...left];
    const begin = all.find((i) => neighbours(i).length === 1) ?? all[0];
    const stroke = [begin];
    left.delete(begin);
    for (;;) {
      const here = stroke.at(-1), next = neighbours(here);
      if (!next.length) break;
      const back = stroke.at(-5) ?? begin;
      const turn = (k) => {
        const [ax, ay] = [here % side - back % side, Math.floor(here / side) - Math.floor(back / side)];
        const [bx, by] = [k % side - here % side, Math.floor(k / side) - Math.floor(here / side)];
        return -(ax * bx + ay * by) / Math.hypot(bx, by);
      };
      next.sort((a, b) => turn(a) - turn(b));
      stroke.push(next[0]);
      left.delete(next[0]);
    }
    // A line that ends beside another one touches it.
    for (const end of ['at', 'begin']) {
      const here = end === 'at' ? stroke.at(-1) : stroke[0];
      const touch = steps.map((s) => here + s).find((k) => on[k] && !left.has(k) && !stroke.includes(k));
      if (touch !== undefined) end === 'at' ? stroke.push(touch) : stroke.unshift(touch);
      else if (stroke.length > 12 && strokes.length === 0 && end === 'at') {
        const loop = steps.map((s) => here + s).find((k) => stroke.slice(0, -8).includes(k));
        if (loop !== undefined) stroke.push(loop);
      }
    }
    if (stroke.length > 6 || !strokes.length) strokes.push(stroke);
  }
  return strokes;
}

const widest = 3.2; // pixels from the middle of a line to its edge

/**
 * Strokes within a box whose longer side is 1 and whose middle is (0, 0). Null where some of the ink is no line but
 * a blob, such as a loop that ran full: no pen wrote that, and its strokes would be those of another digit.
 */
export function trace(image) {
  const side = 90; // three to a pixel, and a frame
  const at = (x, y) => image[28 * Math.max(0, Math.min(27, y)) + Math.max(0, Math.min(27, x))];
  const ink = new Uint8Array(side * side);
  for (let y = 3; y < side - 3; ++y)
    for (let x = 3; x < side - 3; ++x) {
      const u = (x - 3 + 0.5) / 3 - 0.5, v = (y - 3 + 0.5) / 3 - 0.5;
      const i = Math.floor(u), j = Math.floor(v), a = u - i, b = v - j;
      const value = (at(i, j) * (1 - a) + at(i + 1, j) * a) * (1 - b) + (at(i, j + 1) * (1 - a) + at(i + 1, j + 1) * a) * b;
      ink[y * side + x] = value > 110 ? 1 : 0;
    }
  const found = follow(thin(ink, side), side);
  const middles = found.flat().map((i) => [i % side, Math.floor(i / side)]);
  const isNear = (i) => middles.some(([x, y]) => Math.hypot(x - i % side, y - Math.floor(i / side)) <= 3 * widest);
  if (![...ink.keys()].every((i) => !ink[i] || isNear(i))) return null;
  const strokes = found.map((stroke) => stroke
    .filter((_, k) => k % 3 === 0 || k === stroke.length - 1)
    .map((i) => [i % side, Math.floor(i / side)]));
  return centred(strokes);
}

function centred(strokes) {
  const xs = strokes.flat().map((p) => p[0]), ys = strokes.flat().map((p) => p[1]);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const size = Math.max(right - left, bottom - top, 1e-6);
  return strokes.map((stroke) => stroke.map(([x, y]) => [(x - (left + right) / 2) / size, (y - (top + bottom) / 2) / size]));
}

/** `count` digits {label, strokes} of MNIST's test set, and how many had blobs; null without it. */
export function mnistDigits(folder, count) {
  const read = (name) => {
    const file = `${folder}/${name}.gz`;
    return fs.existsSync(file) ? zlib.gunzipSync(fs.readFileSync(file)) : null;
  };
  const pixels = read('t10k-images-idx3-ubyte')?.subarray(16), classes = read('t10k-labels-idx1-ubyte')?.subarray(8);
  if (!pixels || !classes) return null;
  const digits = [];
  let blobs = 0;
  for (let i = 0; digits.length < count; ++i) {
    const n = i * 37 % 10000; // from all over the set
    const strokes = trace(pixels.subarray(784 * n, 784 * (n + 1)));
    if (strokes) digits.push({ label: classes[n], strokes });
    else ++blobs;
  }
  return { digits, blobs };
}

/** Where a digit is drawn: tilted by up to 60 degrees, moved by up to a quarter of the canvas as far as it stays on it. */
export function placed(strokes, random) {
  const angle = (2 * random() - 1) * Math.PI / 3, size = 0.36 + 0.14 * random();
  const c = size * Math.cos(angle), s = size * Math.sin(angle);
  const turned = strokes.map((stroke) => stroke.map(([x, y]) => [c * x - s * y, s * x + c * y]));
  const reach = (axis) => Math.max(...turned.flat().map((p) => Math.abs(p[axis])));
  const shift = (axis) => (2 * random() - 1) * Math.max(0, Math.min(0.25, 0.47 - reach(axis)));
  const [dx, dy] = [shift(0), shift(1)];
  return turned.map((stroke) => stroke.map(([x, y]) => [0.5 + dx + x, 0.5 + dy + y]));
}

export { centred };
