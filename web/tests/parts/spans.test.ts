// SPDX-License-Identifier: Apache-2.0
// Byte spans on texts whose characters take one to four bytes. Expected pieces were counted by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excerpt, pieces_of } from '../../src/lib/spans';

const span = (start: number, end: number, weight = 1, kind = 'evidence') => ({ start, end, weight, kind });
const texts = (text: string, ...spans: ReturnType<typeof span>[]): string[] => pieces_of(text, spans).map((piece) => (piece.spans.length > 0 ? `[${piece.text}]` : piece.text));

test('bytes of ASCII are characters', () => {
  assert.deepEqual(texts('Acme defaulted on its bond', span(5, 14)), ['Acme ', '[defaulted]', ' on its bond']);
});

test('Chinese characters take three bytes', () => {
  // 沪铜主力 is bytes 0-12, 跌停 bytes 12-18.
  assert.deepEqual(texts('沪铜主力跌停，创新低', span(12, 18)), ['沪铜主力', '[跌停]', '，创新低']);
});

test('a character outside the basic plane takes four bytes and two units', () => {
  assert.deepEqual(texts('a😀b', span(1, 5)), ['a', '[😀]', 'b']);
});

test('a span inside a character takes the whole character', () => {
  assert.deepEqual(texts('跌停', span(1, 2)), ['[跌]', '停']);
});

test('overlapping spans cut the text where any starts or ends', () => {
  const pieces = pieces_of('abcdef', [span(0, 4), span(2, 6, 1, 'entity')]);
  assert.deepEqual(pieces.map((piece) => [piece.text, piece.spans.length]), [['ab', 1], ['cd', 2], ['ef', 1]]);
});

test('spans outside the text are cut to it, empty ones are dropped', () => {
  assert.deepEqual(texts('abc', span(2, 99), span(1, 1), span(-5, 0)), ['ab', '[c]']);
  assert.deepEqual(texts(''), []);
});

test('pieces put together are the text', () => {
  const text = 'Überweisung von 1 000 € an 恒川股份 😀 ok';
  for (let start = 0; start < 40; start += 3) assert.equal(pieces_of(text, [span(start, start + 7)]).map((piece) => piece.text).join(''), text);
});

test('an excerpt counts characters, not units', () => {
  assert.equal(excerpt('  a\n b ', 10), 'a b');
  assert.equal(excerpt('😀😀😀😀', 3), '😀😀…');
});
