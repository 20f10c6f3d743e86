// SPDX-License-Identifier: Apache-2.0
// How a peer written in JavaScript measures in turn with Ballast; see turns.py.
import { createInterface } from 'node:readline';

const TURN_MS = 10;

/** `work` does `amount` of `unit` times a second. */
export async function takeTurns(amount, unit, work) {
  await work();
  await work();
  console.log('ready');
  for await (const _ of createInterface({ input: process.stdin })) {
    const rates = [];
    const start = performance.now();
    while (rates.length === 0 || performance.now() - start < TURN_MS) {
      const before = performance.now();
      await work();
      rates.push((1000 * amount) / (performance.now() - before));
    }
    rates.sort((a, b) => a - b);
    console.log(rates[rates.length >> 1].toPrecision(6));
  }
  console.log(JSON.stringify({ unit, peak_memory_bytes: process.resourceUsage().maxRSS * 1024 }));
}
