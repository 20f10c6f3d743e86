// SPDX-License-Identifier: Apache-2.0
// OpenAI's own client against a real `ballast serve` with a small chat model: what it sends is understood, and it
// understands the answers, whole and as a stream.
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';

const program = process.env['BALLAST'] ?? 'ballast';
const folder = mkdtempSync(join(tmpdir(), 'ballast-openai-'));
let server: ChildProcess;
let client: OpenAI;

/** A model of two layers that has read little: its words mean nothing, the protocol does. */
function make_model(): void {
  const lines = Array.from({ length: 200 }, (_, i) => `The bank said on day ${i} that its bonds and loans were safe.`);
  writeFileSync(join(folder, 'corpus.txt'), lines.join('\n'));
  writeFileSync(join(folder, 'arch.json'), JSON.stringify({
    model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], vocab_size: 320, n_embd: 32, n_layer: 2, n_head: 2, n_positions: 256,
  }));
  const run = (...args: string[]): void => {
    execFileSync(program, [...args, '--quiet'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  run('tokenizer', 'train', 'corpus.txt', '--vocab-size', '320', '--output', 'tokenizer');
  run('train', '--task', 'causal-lm', '--arch', 'arch.json', '--tokenizer', 'tokenizer', '--data', 'corpus.txt', '--output', 'small',
    '--steps', '20');
}

before(async () => {
  make_model();
  server = spawn(program, ['serve', '--port', '0', '--json', '--no-log', '--web', 'none', '--model', 'small'], { cwd: folder });
  const line = await new Promise<string>((resolve, reject) => {
    let out = '';
    server.stdout?.on('data', (text: Buffer) => {
      out += text.toString();
      if (out.includes('\n')) resolve(out);
    });
    server.on('exit', (code) => reject(new Error(`ballast serve ended with ${code}`)));
  });
  client = new OpenAI({ baseURL: `${(JSON.parse(line) as { url: string }).url.replace(/\/$/, '')}/v1`, apiKey: 'none', maxRetries: 0 });
});

after(() => {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
});

test('lists models and gives one', async () => {
  const ids = (await client.models.list()).data.map((model) => model.id);
  assert.ok(ids.includes('small'));
  assert.equal((await client.models.retrieve('small')).object, 'model');
  await assert.rejects(client.models.retrieve('absent'), OpenAI.NotFoundError);
});

test('answers a conversation, the same for the same seed', async () => {
  const ask = (): Promise<OpenAI.ChatCompletion> => client.chat.completions.create({
    model: 'small', seed: 7, max_tokens: 12, temperature: 0.8,
    messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: [{ type: 'text', text: 'Is the bank safe?' }] }],
  });
  const [first, second] = [await ask(), await ask()];
  assert.equal(first.object, 'chat.completion');
  assert.equal(first.choices[0]?.message.role, 'assistant');
  assert.equal(first.choices[0]?.message.content, second.choices[0]?.message.content);
  assert.ok(['length', 'stop'].includes(first.choices[0]?.finish_reason ?? ''));
  assert.ok((first.usage?.prompt_tokens ?? 0) > 0);
  assert.equal(first.usage?.total_tokens, (first.usage?.prompt_tokens ?? 0) + (first.usage?.completion_tokens ?? 0));
});

test('streams the same text piece by piece', async () => {
  const request = { model: 'small', seed: 7, max_tokens: 12, messages: [{ role: 'user' as const, content: 'Is the bank safe?' }] };
  const whole = await client.chat.completions.create(request);
  let text = '';
  let reason: string | null = null;
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
    assert.equal(chunk.object, 'chat.completion.chunk');
    text += chunk.choices[0]?.delta.content ?? '';
    reason = chunk.choices[0]?.finish_reason ?? reason;
  }
  assert.equal(text, whole.choices[0]?.message.content);
  assert.equal(reason, whole.choices[0]?.finish_reason);
});

test('completes a text, whole and as a stream', async () => {
  const request = { model: 'small', prompt: 'The bank said', max_tokens: 8, temperature: 0 };
  const whole = await client.completions.create(request);
  assert.equal(whole.object, 'text_completion');
  let text = '';
  for await (const chunk of await client.completions.create({ ...request, stream: true })) text += chunk.choices[0]?.text ?? '';
  assert.equal(text, whole.choices[0]?.text);
});

test('embeds texts, as numbers and packed', async () => {
  const texts = ['The bank is safe.', '银行安全。'];
  // The client asks for base64 on its own and unpacks it.
  const packed = await client.embeddings.create({ model: 'small', input: texts });
  const plain = await client.embeddings.create({ model: 'small', input: texts, encoding_format: 'float' });
  assert.equal(packed.data.length, 2);
  assert.deepEqual(packed.data.map((one) => [...one.embedding]), plain.data.map((one) => one.embedding));
  const length = Math.hypot(...(plain.data[0]?.embedding ?? []));
  assert.ok(Math.abs(length - 1) < 1e-5);
});

test('errors are the client\'s own', async () => {
  await assert.rejects(
    client.chat.completions.create({ model: 'absent', messages: [{ role: 'user', content: 'x' }] }), OpenAI.NotFoundError);
  await assert.rejects(client.chat.completions.create({ model: 'small', messages: [], n: 3 }), OpenAI.BadRequestError);
});
