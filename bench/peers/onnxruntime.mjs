// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime's forward pass of BERT-base on the CPU; in turns (turns.py).
//
//   node bench/peers/onnxruntime.mjs f32|int8 BATCH LENGTH THREADS
//
// Needs `npm install onnxruntime-node` in the folder where it is started (`--ignore-scripts` spares the download for
// GPUs). The graph is that of onnx_bert.mjs, written by a process of its own so that its memory is not counted.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { takeTurns } from './turns.mjs';

const [precision, batchText, lengthText, threadsText] = process.argv.slice(2);
if (precision === 'write') {
  const { writeBert } = await import('./onnx_bert.mjs');
  writeBert(batchText, Number(lengthText), threadsText === 'int8');
  process.exit(0);
}
const batch = Number(batchText), length = Number(lengthText), threads = Number(threadsText);
if (!['f32', 'int8'].includes(precision) || !(batch > 0 && length > 0 && threads > 0)) {
  console.error('usage: node onnxruntime.mjs f32|int8 BATCH LENGTH THREADS');
  process.exit(2);
}
const { InferenceSession, Tensor } = createRequire(path.join(process.cwd(), 'package.json'))('onnxruntime-node');

const folder = mkdtempSync(path.join(tmpdir(), 'onnx-'));
try {
  const file = path.join(folder, 'bert.onnx');
  const written = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'write', file, length, precision], { stdio: 'inherit' });
  if (written.status !== 0) throw new Error('the graph was not written');
  const session = await InferenceSession.create(file, {
    executionProviders: ['cpu'], graphOptimizationLevel: 'all', intraOpNumThreads: threads, interOpNumThreads: 1,
  });
  rmSync(file);
  const ids = BigInt64Array.from({ length: batch * length }, (_, i) => BigInt((i * 7919) % 30522));
  const run = () => session.run({ ids: new Tensor('int64', ids, [batch, length]) });
  const first = (await run()).out;
  if (first.dims.join() !== `${batch},${length},768` || !first.data.every(Number.isFinite)) throw new Error('is no output of BERT');
  await takeTurns(batch, 'sequences/s', run);
} finally {
  rmSync(folder, { recursive: true });
}
