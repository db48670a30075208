'use strict';
// The half of the page where one draws.

class DrawPage {
  constructor(engine, networks) {
    Object.assign(this, { engine, networks, drawing: new Drawing(), pointers: new Map(), latencies: [] });
    this.chosen = networks.shipped;
    this.inset = 2;
    this.canvas = byId('paper');
    this.bars = makeBars(byId('bars'));
    this.controlBars = makeBars(byId('control-bars'));
    for (const [id, action] of Object.entries({
      undo: () => this.drawing.undo(), clear: () => this.clear(), random: () => this.random(),
      clutter: () => this.drawing.addClutter(Math.random), sway: () => this.sway(!this.swaying),
    })) byId(id).addEventListener('click', () => { action(); this.changed(); });
    byId('tilt').addEventListener('input', () => {
      this.sway(false);
      this.turnTo(Number(byId('tilt').value));
    });
    byId('which').addEventListener('change', () => this.choose(byId('which').value));
    this.listen();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.changed());
    new ResizeObserver(() => this.changed()).observe(this.canvas);
    this.showExample();
  }

  // Until somebody draws there is something to see.
  showExample() {
    this.drawing.write(this.engine.digitStrokes(4, () => 0.5), () => 0.6);
    this.drawing.past = [];
    this.example = true;
    this.turnTo(40);
  }

  listen() {
    const { canvas } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, place(event));
      this.sway(false);
      if (this.pointers.size === 1) this.beginStroke(place(event));
      else if (this.pointers.size === 2) this.beginTwist();
      this.changed(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!this.pointers.has(event.pointerId)) return;
      this.pointers.set(event.pointerId, place(event));
      if (this.gesture === 'draw') {
        const all = event.getCoalescedEvents?.() ?? [];
        for (const e of all.length ? all : [event]) this.drawing.extend(place(e));
      } else if (this.gesture === 'twist') {
        this.turnTo(this.twist + this.fingerAngle());
      }
      this.changed(event);
    });
    // Fingers that stay when others are lifted neither draw nor turn.
    const end = (event) => {
      this.pointers.delete(event.pointerId);
      this.gesture = null;
    };
    for (const name of ['pointerup', 'pointercancel']) canvas.addEventListener(name, end);
    byId('draw').addEventListener('keydown', (event) => this.onKey(event));
  }

  beginStroke(point) {
    const { drawing, example } = this;
    this.before = { example, angle: drawing.angle, steps: drawing.past.length };
    if (example) this.clear();
    drawing.begin(point);
    this.gesture = 'draw';
  }

  /** Turns the drawing, as it was before the first finger drew. */
  beginTwist() {
    const { drawing } = this;
    if (this.gesture === 'draw') {
      while (drawing.past.length > this.before.steps) drawing.undo();
      this.example = this.before.example;
      this.turnTo(this.before.angle);
    }
    this.gesture = 'twist';
    this.twist = drawing.angle - this.fingerAngle();
  }

  onKey(event) {
    if (event.target.matches('input, select')) return;
    const { angle } = this.drawing;
    const action = {
      ArrowLeft: () => this.turnTo(angle - 5), ArrowRight: () => this.turnTo(angle + 5),
      Delete: () => this.clear(), Backspace: () => this.drawing.undo(),
      r: () => this.random(), z: () => this.drawing.undo(),
    }[event.key];
    if (!action || (event.ctrlKey || event.metaKey) !== (event.key === 'z') || event.altKey) return;
    event.preventDefault();
    action();
    this.changed();
  }

  fingerAngle() {
    const [a, b] = [...this.pointers.values()];
    return Math.atan2(b[1] - a[1], b[0] - a[0]) * 180 / Math.PI;
  }

  clear() {
    this.example = false;
    this.sway(false);
    this.drawing.clear();
    this.turnTo(0); // for the slider
  }

  random() {
    const { angle } = this.drawing;
    const digit = Math.floor(10 * Math.random());
    this.drawing.write(this.engine.digitStrokes(digit, Math.random), Math.random);
    this.example = false;
    this.turnTo(angle || Math.round(120 * Math.random() - 60));
  }

  turnTo(angle) {
    const within = angle - 360 * Math.round(angle / 360.001); // a half turn either way stays as it is
    this.drawing.turnTo(within);
    byId('tilt').value = Math.round(within);
    byId('tilt-value').textContent = `${Math.round(within)}°`;
    this.changed();
  }

  /** Tilts the drawing to and fro, as far as the networks have seen. */
  sway(on) {
    if (this.swaying === on) return;
    this.swaying = on;
    byId('sway').setAttribute('aria-pressed', on);
    if (!on) return;
    let phase = Math.asin(Math.max(-1, Math.min(1, this.drawing.angle / 60))), before = performance.now();
    const tick = (now) => {
      if (!this.swaying) return;
      phase += Math.min(100, now - before) / 1600;
      before = now;
      this.turnTo(60 * Math.sin(phase));
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  /** 'shipped' or 'own'. */
  choose(which) {
    this.chosen = this.networks[which];
    // Digits of MNIST keep to the middle of what its classifier sees.
    this.inset = which === 'own' ? 0 : 2;
    byId('which').value = which;
    byId('about-network').textContent = which === 'own'
      ? 'Yours saw digits drawn by the page that fill a third of the canvas or more, tilted by up to 60 degrees.'
      : 'Both saw MNIST turned by up to 65 degrees, 0.6 to 1.4 times as large, anywhere. The outline and the straightened picture are the middle of what the classifier sees.';
    byId('about-control').textContent = which === 'own' ? 'A classifier without a transformer that comes with the page.'
      : 'The same classifier, trained as long on the same digits.';
    this.changed();
  }

  /** Paints what has changed; `event`: what changed it, for `latencies`. */
  changed(event) {
    if (event) this.since ??= { event: event.timeStamp, delivery: performance.now() };
    if (this.frame) this.stale = true;
    else this.repaint();
  }

  // At once, but not twice in a frame: what changes before the next one is painted with it.
  repaint() {
    this.stale = false;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      if (this.stale) this.repaint();
    });
    this.paint();
    const { since } = this, now = performance.now();
    if (since) this.latencies.push({ fromEvent: now - since.event, fromDelivery: now - since.delivery });
    this.since = null;
  }

  paint() {
    const blank = this.drawing.empty;
    const look = (network) => network.look(this.drawing.pixels(network.side))[0];
    this.result = blank ? null : middleOf(look(this.chosen), this.inset);
    this.control = blank ? null : look(this.networks.control);
    this.paintPaper();
    const side = this.result?.seenSide ?? this.chosen.side, seen = byId('seen');
    const cut = Math.round(side * this.inset / (this.chosen.netSide - 1));
    if (seen.width !== side - 2 * cut) seen.width = seen.height = side - 2 * cut;
    putInk(seen.getContext('2d'), this.result?.seen ?? new Uint8Array(side * side), side, -cut, -cut);
    putInk(byId('raw').getContext('2d'), this.drawing.pixels(42), 42);
    this.bars(this.result?.probabilities);
    this.controlBars(this.control?.probabilities);
    const answer = (result) => (result ? result.probabilities.indexOf(Math.max(...result.probabilities)) : '–');
    byId('answer').textContent = answer(this.result);
    byId('control-answer').textContent = answer(this.control);
    byId('words').textContent = blank ? 'Nothing drawn yet.' : `${inWords(this.result).replace(/^./, (c) => c.toUpperCase())}.`;
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      byId('spoken').textContent = blank ? '' : `With a transformer: ${answer(this.result)}, ${inWords(this.result)}. `
        + `Without: ${answer(this.control)}.`;
    }, 700);
    byId('hint').hidden = !blank;
    byId('undo').disabled = this.drawing.past.length === 0;
    byId('clear').disabled = blank && this.drawing.clutter.length === 0;
  }

  paintPaper() {
    const context = unitContext(this.canvas);
    context.strokeStyle = context.fillStyle = colour('--ink');
    context.lineWidth = 2 * this.drawing.pen;
    for (const stroke of this.drawing.shown()) {
      tracePath(context, stroke.length > 1 ? stroke : [stroke[0], stroke[0]], false);
      context.stroke();
    }
    this.outline = this.result ? paintWindow(context, this.result, 0.009) : [];
  }
}
