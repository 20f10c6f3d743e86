// SPDX-License-Identifier: Apache-2.0
// GPT-2's byte-level BPE, one thread, one line a call: Ballast, and the encoders that npm offers, in turn in one run.
//
//   node bench/peers/tokenizers.mjs TOKENIZER TEXT [BALLAST]
//
// TOKENIZER: a folder with GPT-2's tokenizer.json; TEXT: a file of lines; BALLAST: the program (default
// build/release/ballast). Needs `npm install gpt-tokenizer tokenizers` in the folder where it is started; a peer that is
// not there is left out. Prints MB/s of each round, the median of the rounds, and the ratio to the fastest peer; and how
// many tokens each of them makes of the text, which must be the same number.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [folder, file, ballast = 'build/release/ballast'] = process.argv.slice(2);
if (!folder || !file) {
  console.error('usage: node bench/peers/tokenizers.mjs TOKENIZER TEXT [BALLAST]');
  process.exit(2);
}
const rounds = 5;
const require = createRequire(path.join(process.cwd(), 'package.json'));
const text = readFileSync(file, 'utf8');
const lines = text.split('\n').filter((line) => line.length > 0);
const megabytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0) / 1e6;

/** Name to a function that encodes all lines once and returns the number of tokens. */
const peers = new Map();

try {
  const { encode } = require('gpt-tokenizer/encoding/r50k_base');
  const options = { disallowedSpecial: new Set() }; // text is text
  peers.set('gpt-tokenizer', () => lines.reduce((sum, line) => sum + encode(line, options).length, 0));
} catch (problem) {
  console.error(`gpt-tokenizer left out: ${problem.message.split('\n')[0]}`);
}
try {
  const { Tokenizer } = require('tokenizers');
  const tokenizer = Tokenizer.fromFile(path.join(folder, 'tokenizer.json'));
  peers.set('tokenizers (Rust)', async () => {
    let tokens = 0;
    for (const line of lines) tokens += (await tokenizer.encode(line)).getLength();
    return tokens;
  });
} catch (problem) {
  console.error(`tokenizers left out: ${problem.message.split('\n')[0]}`);
}

function run(args, options) {
  const done = spawnSync(ballast, args, { maxBuffer: 1 << 30, ...options });
  if (done.status !== 0) throw new Error(`${ballast} ${args.join(' ')}: ${done.stderr ?? done.error}`);
  return done.stdout.toString();
}

/** Ballast times itself: `ballast bench` calls the encoder line by line, without the cost of starting a program. */
function ballastRate() {
  const args = ['bench', '--only', 'tokenizer.encode', '--tokenizer', folder, '--texts', file];
  const json = JSON.parse(run([...args, '--threads', '1', '--seconds', '2', '--json']));
  return json.results['tokenizer.encode'].median;
}

function ballastTokens() {
  const out = run(['tokenize', '--model', folder, '--no-special'], { input: `${lines.join('\n')}\n` });
  return out
    .trimEnd()
    .split('\n')
    .reduce((sum, row) => sum + JSON.parse(row).ids.length, 0);
}

const rates = new Map([['ballast', []]]);
const tokens = new Map([['ballast', ballastTokens()]]);
for (let round = 0; round <= rounds; ++round) {
  for (const [name, encodeAll] of peers) {
    const start = process.hrtime.bigint();
    tokens.set(name, await encodeAll());
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    if (round > 0) rates.set(name, [...(rates.get(name) ?? []), megabytes / seconds]); // the first round warms up
  }
  if (round > 0) rates.get('ballast').push(ballastRate());
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const fastest = Math.max(...[...rates].filter(([name]) => name !== 'ballast').map(([, list]) => median(list)));
console.log(`${lines.length} lines, ${megabytes.toFixed(2)} MB, one thread, ${rounds} rounds`);
for (const [name, list] of rates) {
  const row = list.map((rate) => rate.toFixed(1)).join(' ');
  console.log(`${name.padEnd(20)} ${median(list).toFixed(1).padStart(6)} MB/s  (${row})  ${tokens.get(name)} tokens`);
}
if (peers.size > 0) console.log(`ballast / fastest peer: ${(median(rates.get('ballast')) / fastest).toFixed(1)}`);
