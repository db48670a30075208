// Headless Chromium through its debugging pipe: JSON and a zero byte, to descriptor 3 and from 4.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';

export class Browser {
  static start(program) {
    const browser = new Browser();
    browser.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-web-'));
    browser.child = spawn(program, ['--headless', '--remote-debugging-pipe', '--no-sandbox', '--no-first-run',
      '--disable-gpu', '--hide-scrollbars', '--mute-audio', '--disable-dev-shm-usage', '--disable-background-networking',
      `--user-data-dir=${browser.folder}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
    Object.assign(browser, { next: 1, waiting: new Map(), listeners: [], log: '' });
    browser.child.stderr.on('data', (text) => { browser.log += text; });
    let rest = Buffer.alloc(0);
    browser.child.stdio[4].on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let end; (end = rest.indexOf(0)) >= 0; rest = rest.subarray(end + 1))
        browser.receive(JSON.parse(rest.subarray(0, end).toString()));
    });
    browser.child.on('exit', (code) => {
      for (const { fail } of browser.waiting.values()) fail(new Error(`Chromium ended (${code}): ${browser.log.slice(-500)}`));
    });
    return browser;
  }

  receive({ id, method, params, result, error }) {
    if (!id) return this.listeners.forEach((listen) => listen(method, params));
    const { done, fail } = this.waiting.get(id);
    this.waiting.delete(id);
    return error ? fail(new Error(error.message)) : done(result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.next++;
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((done, fail) => { this.waiting.set(id, { done, fail }); });
  }

  async close() {
    await this.send('Browser.close').catch(() => {});
    await new Promise((done) => { this.child.exitCode === null ? this.child.on('exit', done) : done(); });
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Opens a file; `first` runs in it before its own scripts. */
  async open(file, { width = 1280, height = 900, dark = false, touch = false, first = '' } = {}) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this, targetId, sessionId);
    for (const domain of ['Page', 'Runtime', 'Log']) await tab.send(`${domain}.enable`);
    await tab.look({ width, height, dark, touch });
    if (first) await tab.send('Page.addScriptToEvaluateOnNewDocument', { source: first });
    await tab.send('Page.navigate', { url: pathToFileURL(file).href });
    await tab.until(first ? 'document.readyState === "complete"' : 'typeof page === "object" && Boolean(page.train && page.draw.result)');
    return tab;
  }
}

class Tab {
  constructor(browser, target, session) {
    Object.assign(this, { browser, target, session, complaints: [] });
    browser.listeners.push((method, params) => {
      if (method === 'Runtime.exceptionThrown') this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
      if (method === 'Runtime.consoleAPICalled' && ['error', 'warning'].includes(params.type)) this.complaints.push(JSON.stringify(params.args));
      if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level)) this.complaints.push(params.entry.text);
    });
  }

  send(method, params) {
    return this.browser.send(method, params, this.session);
  }

  async look({ width, height, dark, touch }) {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: Boolean(touch) });
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
    if (touch) await this.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 2 });
  }

  /** The value of an expression, awaited. */
  async run(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async until(expression, seconds = 60) {
    for (const end = Date.now() + 1000 * seconds; Date.now() < end; await new Promise((done) => setTimeout(done, 50)))
      if (await this.run(expression)) return;
    throw new Error(`not within ${seconds} s: ${expression}`);
  }

  click(id) {
    return this.run(`document.getElementById(${JSON.stringify(id)}).click()`);
  }

  /** Draws strokes of [x, y], 0 to 1 on the canvas, with the mouse. */
  async draw(strokes) {
    const box = await this.run('(() => { const b = byId("paper").getBoundingClientRect(); return [b.left, b.top, b.width]; })()');
    const mouse = (type, [x, y], buttons = 1) => this.send('Input.dispatchMouseEvent', {
      type, x: box[0] + x * box[2], y: box[1] + y * box[2], button: 'left', buttons, clickCount: 1 });
    const events = strokes.flatMap((stroke) => [['mousePressed', stroke[0]],
      ...stroke.slice(1).map((point) => ['mouseMoved', point]), ['mouseReleased', stroke.at(-1), 0]]);
    // Eight between two frames, as of a mouse that tells 500 times a second where it is.
    for (let i = 0; i < events.length; i += 8) await Promise.all(events.slice(i, i + 8).map((event) => mouse(...event)));
    await this.run('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  }

  async picture(file, whole = true) {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole });
    fs.writeFileSync(file, Buffer.from(data, 'base64'));
  }

  close() {
    return this.browser.send('Target.closeTarget', { targetId: this.target });
  }
}
