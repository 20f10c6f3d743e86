// SPDX-License-Identifier: Apache-2.0
// A model card is text from outside: it may lay out, but never become markup of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { Markdown } from '../../src/lib/markdown';

const html = (text: string): string => renderToStaticMarkup(createElement(Markdown, { text })).replace(/^<div class="prose">|<\/div>$/g, '');

test('front matter is left out, headings, lists and code come through', () => {
  assert.equal(html('---\nlicense: mit\n---\n# Name\n\ntext `x`\n\n- a\n  b\n- **c**\n'), '<h3>Name</h3><p>text <code>x</code></p><ul><li>a b</li><li><b>c</b></li></ul>');
});

test('tables', () => {
  assert.equal(html('| a | b |\n|---|---|\n| 1 | 2 |\n'), '<div class="table-frame"><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>');
});

test('markup stays text, and only web addresses become links', () => {
  assert.equal(html('<script>alert(1)</script>'), '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>');
  assert.equal(html('[x](javascript:alert(1))'), '<p>x)</p>');
  assert.match(html('[x](https://example.org)'), /<a href="https:\/\/example.org" target="_blank" rel="noreferrer noopener">x<\/a>/);
});

test('an unclosed fence and lone marks end', () => {
  assert.equal(html('```\na\nb'), '<pre><code>a\nb</code></pre>');
  assert.equal(html('| not a table'), '<p>| not a table</p>');
  assert.equal(html('**'), '<p>**</p>');
});
