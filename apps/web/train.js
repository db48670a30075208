'use strict';
// The half of the page where a network learns from nothing, in a worker.

class TrainPage {
  constructor(module, onWeights) {
    Object.assign(this, { module, onWeights, generation: 0, running: false, history: [] });
    const code = ['engine', 'worker'].map((id) => byId(`${id}-code`).textContent).join('\n');
    this.worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
    this.worker.onmessage = ({ data }) => this.receive(data);
    this.worker.onerror = (event) => this.say(`The training stopped: ${event.message}`);
    byId('start').addEventListener('click', () => this.run(!this.running));
    byId('reset').addEventListener('click', () => this.reset());
    byId('family').addEventListener('change', () => this.reset());
    byId('rate').addEventListener('input', () => this.setRate());
    byId('use').addEventListener('click', () => this.worker.postMessage({ weights: true }));
    document.addEventListener('visibilitychange', () => this.onVisible());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.paint());
    new ResizeObserver(() => this.paint()).observe(byId('chart'));
    this.setRate();
  }

  /** When the page is opened for the first time. */
  open() {
    if (this.generation === 0) this.reset();
    this.paint();
  }

  reset() {
    this.history = [];
    this.digits = null;
    this.running = this.paused = false;
    this.family = byId('family').value;
    ++this.generation;
    byId('use').disabled = true;
    byId('start').disabled = true;
    this.say('Drawing digits to learn from…');
    const seed = Math.floor(1e6 * Math.random()) + 1;
    this.worker.postMessage({ reset: true, module: this.module, family: this.family, seed, generation: this.generation });
    this.refresh();
  }

  run(on) {
    this.running = on;
    this.paused = false;
    this.worker.postMessage({ run: on });
    this.refresh();
  }

  onVisible() {
    if (document.hidden && this.running) {
      this.run(false);
      this.paused = true;
    } else if (!document.hidden && this.paused) {
      this.run(true);
    }
  }

  setRate() {
    this.rate = Number((10 ** Number(byId('rate').value)).toPrecision(2));
    byId('rate-value').textContent = this.rate;
    byId('rate').setAttribute('aria-valuetext', this.rate);
    this.worker.postMessage({ rate: this.rate });
  }

  receive(data) {
    if (data.generation !== this.generation) return;
    if (data.error) {
      this.running = this.paused = false;
      byId('start').disabled = true;
      this.say(`The training stopped: ${data.error}`);
      this.refresh();
      return;
    }
    if (data.weights) this.onWeights(data.weights, this.family);
    if (data.digits) this.digits = data.digits;
    if (data.ready) {
      byId('start').disabled = false;
      this.say('Ready: nothing learnt yet.');
    }
    if (data.loss !== undefined) {
      this.history.push({ steps: data.steps, seconds: data.seconds, loss: data.loss, accuracy: data.accuracy });
      byId('use').disabled = false;
      this.say('');
    }
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.refresh();
      this.paint();
    });
  }

  say(text) {
    byId('status').textContent = text;
  }

  refresh() {
    byId('start').textContent = this.running ? 'Pause' : this.history.length ? 'Go on' : 'Start';
    const last = this.history.at(-1);
    byId('accuracy').textContent = last ? `${(100 * last.accuracy).toFixed(1)}%` : '–';
    byId('loss').textContent = last ? last.loss.toFixed(3) : '–';
    byId('steps').textContent = last ? last.steps.toLocaleString('en') : '0';
    byId('time').textContent = last ? `${last.seconds.toFixed(0)} s` : '0 s';
    byId('speed').textContent = last ? Math.round(32 * last.steps / last.seconds).toLocaleString('en') : '–';
  }

  paint() {
    if (byId('train').hidden) return;
    this.paintChart();
    this.paintDigits();
  }

  paintChart() {
    const canvas = byId('chart'), context = canvas.getContext('2d');
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    context.scale(devicePixelRatio, devicePixelRatio);
    context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const left = 40, right = width - 8, top = 10, bottom = height - 22;
    const most = Math.max(500, this.history.at(-1)?.steps ?? 0);
    const x = (steps) => left + (right - left) * steps / most, y = (share) => bottom - (bottom - top) * share;
    context.fillStyle = colour('--soft');
    context.strokeStyle = colour('--line');
    context.lineWidth = 1;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const share of [0, 0.5, 1]) {
      tracePath(context, [[left, Math.round(y(share)) + 0.5], [right, Math.round(y(share)) + 0.5]], false);
      context.stroke();
      context.fillText(`${100 * share}%`, left - 6, y(share));
    }
    context.textBaseline = 'bottom';
    context.fillText(`${most.toLocaleString('en')} steps`, right, height - 2);
    const curve = (name, value) => {
      context.strokeStyle = colour(name);
      context.lineWidth = 2;
      context.lineJoin = 'round';
      tracePath(context, this.history.map((h) => [x(h.steps), y(Math.max(0, Math.min(1, value(h))))]), false);
      context.stroke();
    };
    curve('--second', (h) => h.loss / 2.5);
    curve('--accent', (h) => h.accuracy);
  }

  paintDigits() {
    const [drawn, straight] = ['before', 'after'].map((id) => unitContext(byId(id)));
    if (!this.digits) return;
    const small = document.createElement('canvas');
    small.width = small.height = 28;
    const cell = 0.25, gap = 0.008;
    this.digits.results.forEach((result, i) => {
      const x = (i % 4) * cell + gap, y = Math.floor(i / 4) * cell + gap, size = cell - 2 * gap;
      for (const [context, bytes] of [[drawn, this.digits.images.subarray(784 * i, 784 * (i + 1))], [straight, result.seen]]) {
        putInk(small.getContext('2d'), bytes, 28);
        context.drawImage(small, x, y, size, size);
      }
      if (this.family === 'none') return;
      drawn.save();
      drawn.translate(x, y);
      drawn.scale(size, size);
      paintWindow(drawn, result, 0.03);
      drawn.restore();
    });
  }
}
