'use strict';
// Starts the page.

const page = {}; // also for the tests

function showTab(name) {
  for (const tab of ['draw', 'train']) {
    byId(tab).hidden = tab !== name;
    byId(`${tab}-tab`).setAttribute('aria-selected', tab === name);
    byId(`${tab}-tab`).tabIndex = tab === name ? 0 : -1;
  }
  if (name === 'train') page.train.open();
  else page.draw.changed();
}

function useOwn(weights, family) {
  const own = Network.ofFamily(page.engine, family);
  own.load(weights);
  page.networks.own?.delete();
  page.networks.own = own;
  byId('own-choice').disabled = false;
  page.draw.choose('own');
  showTab('draw');
  byId('draw-tab').focus({ preventScroll: true });
}

/** A network from the weights in the page; its options are in their metadata. */
async function packed(engine, id) {
  const { tensors, metadata } = readSafetensors(together(await unpack(byId(id).textContent)));
  const { name, input, transformer, classes, mean, stddev, class_names, style, distortion, ...options }
    = JSON.parse(metadata['fovea.model']);
  const ofTransformer = /^(localization|warp|steps|sampler|padding|fill|output|antialias)/;
  const texts = Object.entries(options).filter(([key]) => transformer || !ofTransformer.test(key))
    .map(([key, value]) => `${key}=${value}`);
  const network = new Network(engine, name, texts.join(' '), input[1]);
  network.load(tensors);
  return network;
}

async function start() {
  const missing = whatIsMissing();
  if (missing) {
    byId('sorry').hidden = false;
    byId('sorry-what').textContent = missing;
    return;
  }
  const module = await WebAssembly.compile(await unpack(byId('wasm').textContent));
  page.engine = await Engine.start(module);
  page.networks = {
    shipped: await packed(page.engine, 'weights'),
    control: await packed(page.engine, 'control-weights'),
  };
  byId('app').hidden = false;
  page.draw = new DrawPage(page.engine, page.networks);
  page.draw.choose('shipped');
  page.train = new TrainPage(module, useOwn);
  const tabs = ['draw', 'train'];
  for (const tab of tabs) {
    byId(`${tab}-tab`).addEventListener('click', () => showTab(tab));
    byId(`${tab}-tab`).addEventListener('keydown', (event) => {
      if (!['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
      const other = tabs[1 - tabs.indexOf(tab)];
      showTab(other);
      byId(`${other}-tab`).focus();
    });
  }
  showTab('draw');
}

start().catch((error) => {
  byId('sorry').hidden = false;
  byId('sorry').textContent = `This page could not start: ${error.message}`;
});
