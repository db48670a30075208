'use strict';
// The library in WebAssembly: apps/web/engine.h as classes. Serves the page and its worker.

/** A sentence for browsers that cannot run the module, or '' if this one can. */
function whatIsMissing() {
  const lacks = (bytes) => !WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, ...bytes]));
  if (typeof WebAssembly !== 'object') return 'WebAssembly';
  // (func (result v128) i32.const 0 i8x16.splat)
  if (lacks([1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11])) return 'WebAssembly SIMD';
  if (typeof DecompressionStream !== 'function') return 'DecompressionStream';
  // (tag) of type (func)
  if (lacks([1, 4, 1, 96, 0, 0, 13, 3, 1, 0, 0])) return 'WebAssembly exceptions';
  return '';
}

/** What stands in the page as base64 of gzip. */
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The reverse of apart() in assemble.mjs. */
function together(bytes) {
  const half = bytes.length / 2;
  return bytes.map((_, i) => bytes[(i >> 1) + (i % 2) * half]);
}

class Engine {
  /** From a WebAssembly.Module. */
  static async start(module) {
    const engine = new Engine();
    const imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      imports[from] ??= {};
      imports[from][name] = () => 0; // of files, clocks and the environment there are none
    }
    imports.wasi_snapshot_preview1.proc_exit = (code) => {
      throw new Error(`the engine ended (${code})`);
    };
    engine.calls = (await WebAssembly.instantiate(module, imports)).exports;
    engine.calls._initialize();
    return engine;
  }

  /** `count` numbers of `Kind` at `place`, valid until the next call. */
  view(Kind, place, count) {
    return new Kind(this.calls.memory.buffer, place, count);
  }

  text(place) {
    const bytes = new Uint8Array(this.calls.memory.buffer);
    return new TextDecoder().decode(bytes.slice(place, bytes.indexOf(0, place)));
  }

  /** What `use` returns of the place where `bytes` lie for as long as it runs. */
  lend(bytes, use) {
    const place = this.calls.malloc(bytes.length);
    try {
      this.view(Uint8Array, place, bytes.length).set(bytes);
      return use(place);
    } finally {
      this.calls.free(place);
    }
  }

  lendText(text, use) {
    return this.lend(new TextEncoder().encode(`${text}\0`), use);
  }

  /** The result of a call that has one, or its error. */
  checked(result) {
    if (!result || Number.isNaN(result)) throw new Error(this.text(this.calls.web_error()));
    return result;
  }

  /** One way of writing a digit, drawn by `random` (0 to 1): strokes of [x, y]. */
  digitStrokes(digit, random) {
    const style = Math.floor(random() * this.calls.web_styles(digit));
    const place = this.checked(this.calls.web_strokes(digit, style));
    const numbers = this.view(Float32Array, place, this.calls.web_stroke_size());
    const strokes = [[]];
    for (let i = 0; i < numbers.length; i += 2) {
      if (Number.isNaN(numbers[i])) strokes.push([]);
      else strokes.at(-1).push([numbers[i], numbers[i + 1]]);
    }
    strokes.pop();
    return strokes;
  }
}

class Network {
  constructor(engine, name, options, side, seed = 1) {
    Object.assign(this, { engine, side });
    const made = engine.lendText(name, (n) =>
      engine.lendText(options, (o) => engine.calls.web_network(n, o, side, seed)));
    this.handle = engine.checked(made);
    this.netSide = engine.calls.web_net_side();
  }

  /** One to be trained here, with a transformer of that family; 'none': without. */
  static ofFamily(engine, family, seed) {
    const black = -0.4242; // after normalisation
    return family === 'none' ? new Network(engine, 'tutorial-cnn', '', 28, seed)
      : new Network(engine, 'tutorial', `warp=${family} fill=${black}`, 28, seed);
  }

  delete() {
    this.engine.calls.web_delete_network(this.handle);
  }

  /** Name and values of every parameter; the values are valid until the next call. */
  parameters() {
    const { calls } = this.engine;
    return Array.from({ length: calls.web_parameters(this.handle) }, (_, i) => ({
      name: this.engine.text(calls.web_parameter_name(this.handle, i)),
      values: this.engine.view(Float32Array, calls.web_parameter(this.handle, i),
        calls.web_parameter_size(this.handle, i)),
    }));
  }

  /** Takes over values by name: {"conv1.weight": Float32Array}. */
  load(weights) {
    for (const { name, values } of this.parameters()) {
      if (weights[name]?.length !== values.length) throw new Error(`weights do not fit: ${name}`);
      values.set(weights[name]);
    }
  }

  weights() {
    return Object.fromEntries(this.parameters().map(({ name, values }) => [name, values.slice()]));
  }

  /** Looks at images of side * side bytes each; one result an image. */
  look(images) {
    const area = this.side * this.side, count = images.length / area;
    const { calls } = this.engine;
    this.engine.lend(images, (place) => this.engine.checked(calls.web_look(this.handle, place, count)));
    const points = this.netSide * this.netSide * 2;
    const take = (Kind, call, each) => {
      const all = this.engine.view(Kind, call(this.handle), count * each);
      return (i) => all.slice(i * each, (i + 1) * each);
    };
    const probabilities = take(Float32Array, calls.web_probabilities, 10);
    const seenSide = calls.web_seen_side(this.handle);
    const seen = take(Uint8Array, calls.web_seen, seenSide * seenSide);
    const net = take(Float32Array, calls.web_net, points);
    const readings = take(Float64Array, calls.web_readings, 5);
    return Array.from({ length: count }, (_, i) => {
      const [angle, scale, x, y, bend] = readings(i);
      return {
        probabilities: probabilities(i), seen: seen(i), seenSide, net: net(i), angle, scale, x, y, bend,
      };
    });
  }
}

class Trainer {
  constructor(network, seed = 1) {
    this.network = network;
    this.engine = network.engine;
    this.handle = this.engine.checked(this.engine.calls.web_trainer(network.handle, seed));
  }

  delete() {
    this.engine.calls.web_delete_trainer(this.handle);
  }

  train(steps, rate) {
    return this.engine.checked(this.engine.calls.web_train(this.handle, steps, rate));
  }

  accuracy() {
    return this.engine.calls.web_accuracy(this.handle);
  }

  /** The first `count` test digits. */
  digits(count) {
    return this.engine.view(Uint8Array, this.engine.calls.web_test_images(this.handle), count * 784).slice();
  }
}

/** The tensors of a safetensors file in F32 or F16, by name, and its metadata. */
function readSafetensors(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const half = (bits) => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, mantissa = bits & 1023;
    return sign * (exponent ? (1 + mantissa / 1024) * 2 ** (exponent - 15) : mantissa * 2 ** -24);
  };
  const tensors = {};
  for (const [name, { dtype, data_offsets: [from, to] = [] }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const size = { F32: 4, F16: 2 }[dtype];
    if (!size) throw new Error(`${name}: values of type ${dtype}`);
    tensors[name] = Float32Array.from({ length: (to - from) / size }, (_, i) => {
      const at = start + from + i * size;
      return size === 4 ? view.getFloat32(at, true) : half(view.getUint16(at, true));
    });
  }
  return { tensors, metadata: header.__metadata__ ?? {} };
}
