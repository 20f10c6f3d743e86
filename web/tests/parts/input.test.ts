// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse_events, with_query } from '../../src/api/client';
import { parse_csv } from '../../src/lib/csv';

test('CSV: quotes, separators inside them, doubled quotes, line ends', () => {
  assert.deepEqual(parse_csv('a,b\r\n"x, y","say ""hi"""\r\n'), { columns: ['a', 'b'], rows: [{ a: 'x, y', b: 'say "hi"' }], errors: [] });
});

test('CSV: semicolons and tabs are found in the header', () => {
  assert.deepEqual(parse_csv('a;b\n1;2').rows, [{ a: '1', b: '2' }]);
  assert.deepEqual(parse_csv('a\tb\n1\t2').rows, [{ a: '1', b: '2' }]);
});

test('CSV: a line that does not fit is named, the others are kept', () => {
  const csv = parse_csv('a,b\n1,2\n3\n"4\n4",5\n6,7,8\n');
  assert.deepEqual(csv.rows, [{ a: '1', b: '2' }, { a: '4\n4', b: '5' }]);
  assert.deepEqual(csv.errors, [{ line: 3, cells: 1, expected: 2 }, { line: 6, cells: 3, expected: 2 }]);
});

test('CSV: nothing, and a byte order mark', () => {
  assert.deepEqual(parse_csv(''), { columns: [], rows: [], errors: [] });
  assert.deepEqual(parse_csv('\uFEFFa\n1').columns, ['a']);
});

test('an event stream is cut at whole events', () => {
  const { events, rest } = parse_events(': keep-alive\n\nevent: delta\ndata: {"text":"a"}\n\nevent: done\ndata: {"x"');
  assert.deepEqual(events, [{ event: 'delta', data: '{"text":"a"}' }]);
  assert.equal(rest, 'event: done\ndata: {"x"');
  assert.deepEqual(parse_events('data: 1\ndata: 2\r\n\r\n').events, [{ event: 'message', data: '1\n2' }]);
});

test('queries leave out what is not set and escape the rest', () => {
  assert.equal(with_query('/v1/signals', { risk: 'credit', entity: null, q: '', min: 0, to: undefined }), '/v1/signals?risk=credit&min=0');
  assert.equal(with_query('/x', { entity: '恒大 & co' }), '/x?entity=%E6%81%92%E5%A4%A7+%26+co');
  assert.equal(with_query('/x', {}), '/x');
});
