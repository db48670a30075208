// Pictures of every state of the page, to be looked at: node pictures.mjs PAGE FOLDER [NAME...]. Film frames for the README too;
// apps/web/page.gif is `/usr/bin/convert -delay 8 film-*.png -dither None -colors 28 -layers optimize page.gif` of them.
import fs from 'node:fs';
import { Browser } from './browser.mjs';

const [file, folder, ...wanted] = process.argv.slice(2); // names of pictures; without: all
fs.mkdirSync(folder, { recursive: true });
const browser = Browser.start(process.env.CHROMIUM ?? 'chromium');
const painted = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';

async function film() {
  const tab = await browser.open(file, { width: 940, height: 900 });
  const { top } = await tab.run('byId("draw").getBoundingClientRect().toJSON()');
  for (let i = 0; i < 24; ++i) {
    await tab.run(`page.draw.turnTo(60 * Math.sin(${i} / 12 * Math.PI)), ${painted}`);
    const { data } = await tab.send('Page.captureScreenshot', {
      format: 'png', clip: { x: 20, y: top - 6, width: 900, height: 440, scale: 0.7 } });
    fs.writeFileSync(`${folder}/film-${String(i).padStart(2, '0')}.png`, Buffer.from(data, 'base64'));
  }
  await tab.close();
}

// States of the page by name: what to do to get there.
const states = {
  example: () => {},
  blank: (tab) => tab.click('clear'),
  stroke: async (tab) => {
    const s = Array.from({ length: 30 }, (_, i) => [0.62 + 0.1 * Math.cos(i / 5), 0.3 + 0.1 * Math.sin(i / 5) + i / 200]);
    await tab.draw([s]);
  },
  clutter: (tab) => tab.click('clutter'),
  'clutter-only': async (tab) => { await tab.click('clear'); await tab.click('clutter'); },
  untrained: async (tab) => {
    await tab.click('train-tab');
    await tab.until('!byId("start").disabled');
  },
  training: async (tab) => {
    await states.untrained(tab);
    await tab.click('start');
    await tab.until('page.train.history.at(-1)?.seconds > 6', 120);
  },
  spline: async (tab) => {
    await tab.click('train-tab');
    await tab.run('byId("family").value = "tps"; byId("family").dispatchEvent(new Event("change"))');
    await states.training(tab);
    await tab.click('start');
  },
  'spline-draw': async (tab) => {
    await states.spline(tab);
    await tab.click('use');
    await tab.until('byId("which").value === "own"');
    await tab.click('random');
  },
  'no-simd': () => {},
};
const withoutSimd = 'const validate = WebAssembly.validate; WebAssembly.validate = (b) => !new Uint8Array(b).includes(253) && validate(b);';

async function picture(name, width, dark) {
  const tab = await browser.open(file, { width, height: 900, dark, first: name === 'no-simd' ? withoutSimd : '' });
  await states[name](tab);
  await tab.run(painted);
  await tab.picture(`${folder}/${name}-${width}-${dark ? 'dark' : 'light'}.png`);
  await tab.close();
}

if (!wanted.length || wanted.includes('film')) await film();
for (const name of Object.keys(states).filter((name) => !wanted.length || wanted.includes(name)))
  for (const width of [360, 1600]) for (const dark of [false, true]) await picture(name, width, dark);

await browser.close();
