'use strict';
// Training beside the page: a few steps, a message, a few steps. engine.js stands before this.

let engine, network, trainer, timer, generation = 0, steps = 0, seconds = 0, rate = 0.003;

function report(extra = {}) {
  postMessage({ generation, steps, seconds, ...extra });
}

/** The first sixteen test digits as the network sees them now. */
function digits() {
  const images = trainer.digits(16);
  return { images, results: network.look(images) };
}

function run(on) {
  clearTimeout(timer);
  if (on) timer = setTimeout(work);
}

/** Trains for a fifth of a second, tests, tells; then messages have their turn. */
function work() {
  try {
    const begin = performance.now();
    let loss = 0, done = 0;
    do {
      loss += 5 * trainer.train(5, rate);
      done += 5;
    } while (performance.now() - begin < 200);
    const found = { loss: loss / done, accuracy: trainer.accuracy(), digits: digits() };
    steps += done;
    seconds += (performance.now() - begin) / 1000;
    report(found);
    run(true);
  } catch (error) {
    report({ error: error.message });
  }
}

async function reset({ module, family, seed, generation: next }) {
  run(false);
  trainer?.delete();
  network?.delete();
  trainer = network = null;
  engine ??= await Engine.start(module);
  generation = next;
  steps = seconds = 0;
  network = Network.ofFamily(engine, family, seed);
  trainer = new Trainer(network, seed);
  report({ digits: digits(), ready: true });
}

// One message after the other: the first waits for the engine.
let before = Promise.resolve();
onmessage = ({ data }) => {
  before = before.then(async () => {
    if (data.rate) rate = data.rate;
    if (data.reset) await reset(data);
    if (data.run !== undefined) run(data.run);
    if (data.weights) report({ weights: network.weights() });
  }).catch((error) => report({ error: error.message }));
};
