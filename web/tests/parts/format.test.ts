// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formats, group_decimal } from '../../src/lib/format';
import { words } from '../../src/words';

test('money keeps the digits that the server wrote', () => {
  assert.equal(group_decimal('1234567890123456789.10'), '1,234,567,890,123,456,789.10');
  assert.equal(group_decimal('-950.00'), '−950.00');
  assert.equal(group_decimal('n/a'), 'n/a');
  assert.equal(formats('en').money('12000.00', 'EUR'), 'EUR 12,000.00');
});

test('percent, numbers and what is missing', () => {
  const f = formats('en');
  assert.equal(f.percent(0.0331, 1), '3.3%');
  assert.equal(f.percent(-0.005, 1), '−0.5%');
  assert.equal(f.number(null), '–');
  assert.equal(f.signed(0.5, 2), '+0.50');
  assert.equal(f.signed(-0.5, 2), '−0.50');
  assert.equal(f.count(Number.NaN), '–');
});

test('times are shown in UTC, whatever the zone of the browser', () => {
  assert.equal(formats('en').time('2026-03-02T23:59:59.500Z'), '2 Mar 2026, 23:59:59 UTC');
  assert.equal(formats('zh').date('2026-03-02'), '2026年3月2日');
  assert.equal(formats('en').date('not a date'), 'not a date');
});

test('both languages have the same places to fill in', () => {
  for (const [key, [en, zh]] of Object.entries(words)) {
    const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map((match) => match[0]).sort();
    assert.deepEqual(places(en), places(zh), key);
  }
});
