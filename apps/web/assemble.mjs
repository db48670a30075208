// Puts the page into one file: node assemble.mjs OUT CODE WASM WEIGHTS CONTROL_WEIGHTS
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const [out, code, wasm, weights, control] = process.argv.slice(2);
const here = path.dirname(new URL(import.meta.url).pathname);

/** IEEE 754 binary16, rounded to the nearest, ties to even. */
function halfOf(value) {
  const bits = new Uint32Array(new Float32Array([value]).buffer)[0];
  const sign = (bits >>> 16) & 0x8000, size = Math.abs(value);
  const even = (x) => Math.round(x) - (x % 1 === 0.5 && Math.floor(x) % 2 === 0 ? 1 : 0);
  if (!(size < 65520)) throw new Error(`${value} is beyond half precision`);
  if (size < 2 ** -14) return sign | even(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign | (((exponent + 15) << 10) + even((size / 2 ** exponent - 1) * 1024));
}

/** A safetensors file in F32 as one in F16, without its checksum. */
function inHalf(file) {
  const start = 8 + Number(file.readBigUInt64LE());
  const header = JSON.parse(file.subarray(8, start).toString());
  delete header.__metadata__['fovea.crc32'];
  const numbers = [];
  for (const [name, tensor] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    if (tensor.dtype !== 'F32') throw new Error(`${name}: ${tensor.dtype}, not F32`);
    const [from, to] = tensor.data_offsets, begin = 2 * numbers.length;
    for (let at = start + from; at < start + to; at += 4) numbers.push(halfOf(file.readFloatLE(at)));
    header[name] = { ...tensor, dtype: 'F16', data_offsets: [begin, 2 * numbers.length] };
  }
  let json = JSON.stringify(header);
  json = json.padEnd(json.length + (8 - json.length % 8) % 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, Buffer.from(json), Buffer.from(new Uint16Array(numbers).buffer)]);
}

// Compressed here: what hosts compress is text, and base64 hides the bytes that repeat.
const inPage = (bytes) => zlib.gzipSync(bytes, { level: 9 }).toString('base64');

/** The lower bytes of all 16-bit words, then the upper ones, which repeat: a tenth less when compressed. */
const apart = (bytes) => Buffer.concat([0, 1].map((part) => bytes.filter((_, i) => i % 2 === part)));

const parts = {
  code: () => code,
  wasm: () => inPage(fs.readFileSync(wasm)),
  weights: () => inPage(apart(inHalf(fs.readFileSync(weights)))),
  'control-weights': () => inPage(apart(inHalf(fs.readFileSync(control)))),
};
const text = (name) => fs.readFileSync(path.join(here, name), 'utf8').trimEnd();
const page = text('page.html').replace(/\{\{([\w.-]+)\}\}/g, (_, name) => (parts[name] ?? (() => text(name)))());
fs.writeFileSync(out, `${page}\n`);
const packed = zlib.gzipSync(page, { level: 9 }).length;
console.log(`${out}: ${Math.round(page.length / 1000)} kB, ${Math.round(packed / 1000)} kB gzipped`);
if (packed > 600e3) throw new Error('the page has more than 600 kB gzipped');
