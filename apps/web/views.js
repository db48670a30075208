'use strict';
// What both halves of the page draw with.

const byId = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Sets the pixels of a canvas to the screen's, and returns its context in units of its side. */
function unitContext(canvas) {
  const pixels = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  if (canvas.width !== pixels) canvas.width = canvas.height = pixels;
  const context = canvas.getContext('2d');
  context.setTransform(pixels, 0, 0, pixels, 0, 0);
  context.clearRect(0, 0, 1, 1);
  context.lineCap = context.lineJoin = 'round';
  return context;
}

/** side * side bytes of ink, in the page's colours, into the square at (x, y) of a canvas's pixels. */
function putInk(context, bytes, side, x = 0, y = 0) {
  const [ground, ink] = ['--paper', '--ink'].map((name) => colour(name).match(/\w\w/g).map((h) => parseInt(h, 16)));
  const image = new ImageData(side, side);
  bytes.forEach((s, i) => {
    for (let c = 0; c < 3; ++c) image.data[4 * i + c] = ground[c] + (ink[c] - ground[c]) * s / 255;
    image.data[4 * i + 3] = 255;
  });
  context.putImageData(image, x, y);
}

/** A result with the middle of its net only, without `inset` points at each side; the scale is that of what is left. */
function middleOf(result, inset) {
  const n = Math.sqrt(result.net.length / 2);
  const inside = (i) => i >= inset && i < n - inset;
  const net = result.net.filter((_, i) => inside(Math.floor(i / 2) % n) && inside(Math.floor(i / 2 / n)));
  return { ...result, net, scale: result.scale * (n - 1 - 2 * inset) / (n - 1) };
}

/** The outline of a result's net: closed, [x, y], of the image's sides. */
function outlineOf({ net }) {
  const n = Math.sqrt(net.length / 2), last = n - 1;
  const at = (row, column) => [net[2 * (row * n + column)], net[2 * (row * n + column) + 1]];
  const steps = Array.from({ length: last }, (_, i) => i);
  return [...steps.map((i) => at(0, i)), ...steps.map((i) => at(i, last)),
    ...steps.map((i) => at(last, last - i)), ...steps.map((i) => at(last - i, 0))];
}

function tracePath(context, points, closed) {
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (closed) context.closePath();
}

/** Outline, and net where it is bent, what lies outside shaded; the mark is at the top. */
function paintWindow(context, result, width) {
  const margin = width * 0.8, outline = clipToSquare(outlineOf(result), margin, 1 - margin);
  if (outline.length < 3) return outline;
  context.fillStyle = 'rgb(128 128 128 / 16%)';
  tracePath(context, outline, true);
  context.rect(0, 0, 1, 1);
  context.fill('evenodd');
  context.strokeStyle = colour('--accent');
  const { net } = result, n = Math.sqrt(net.length / 2);
  const at = (row, column) => [net[2 * (row * n + column)], net[2 * (row * n + column) + 1]];
  if (result.bend > 0.01) {
    context.save();
    tracePath(context, outline, true);
    context.clip();
    context.globalAlpha = 0.55;
    context.lineWidth = width / 3;
    for (let k = 0; k < n; k += 2)
      for (const line of [(i) => at(k, i), (i) => at(i, k)]) {
        tracePath(context, Array.from({ length: n }, (_, i) => line(i)), false);
        context.stroke();
      }
    context.restore();
  }
  context.lineWidth = width;
  tracePath(context, outline, true);
  context.stroke();
  const middle = (n - 1) / 2, top = at(0, middle), inner = at(1, middle);
  const down = [inner[0] - top[0], inner[1] - top[1]], length = Math.hypot(...down) || 1;
  const [dx, dy] = down.map((v) => v / length * width * 2.6);
  const mark = [[top[0] - dy + dx, top[1] + dx + dy], [top[0] + dy + dx, top[1] - dx + dy], top];
  if (top.every((v) => v > margin && v < 1 - margin)) {
    tracePath(context, mark, true);
    context.fillStyle = colour('--accent');
    context.fill();
  }
  return outline;
}

/** Ten bars with names; returns the function that sets them. */
function makeBars(list) {
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const row = document.createElement('li');
    row.innerHTML = `<span class="name">${digit}</span><span class="track"><i></i></span><span class="share"></span>`;
    list.append(row);
    return row;
  });
  return (probabilities) => {
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    rows.forEach((row, digit) => {
      const p = probabilities ? probabilities[digit] : 0;
      row.classList.toggle('best', digit === best);
      row.querySelector('i').style.transform = `scaleX(${p.toFixed(3)})`;
      row.querySelector('.share').textContent = probabilities ? `${Math.round(100 * p)}%` : '';
    });
  };
}

/** What a transformer did, in words: "turned back by 23°, made 1.4 times larger". */
function inWords({ angle, scale, x, y, bend }) {
  const words = [];
  const degrees = Math.round(Math.abs(angle)), larger = 1 / scale;
  if (degrees >= 2) words.push(`turned ${degrees}° ${angle > 0 ? 'to the left' : 'to the right'}`);
  if (larger > 1.04) words.push(`made ${larger.toFixed(1)} times larger`);
  else if (larger < 0.96) words.push(`made smaller, ${larger.toFixed(1)} times the size`);
  const sides = [[x, 'right', 'left'], [y, 'below', 'above']].filter(([v]) => Math.abs(v) >= 0.04)
    .map(([v, plus, minus]) => `${Math.round(50 * Math.abs(v))}% ${v > 0 ? plus : minus}`);
  if (sides.length) words.push(`fetched from ${sides.join(', ')}`);
  if (bend > 0.01) words.push('bent');
  return words.length ? words.join(', ') : 'left as it is';
}
