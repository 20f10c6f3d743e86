// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page as List, Signal } from '../../src/api/types';
import { Visitor } from '../support/browser';
import type { Stage } from './dashboard.test';

/** Milliseconds from sending a text to its alert standing on the open overview. */
async function time_to_screen(stage: Stage, visitor: Visitor, i: number): Promise<number> {
  const text = `Authorities take control of Halverstow Trust Bank after it misses payment number ${i} to its lenders`;
  const seen = visitor.page.evaluate((words) => new Promise<number>((resolve) => {
    new MutationObserver((_, observer) => {
      if (document.body.textContent?.includes(words) !== true) return;
      observer.disconnect();
      resolve(Date.now());
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  }), text.slice(0, 90));
  const sent = Date.now();
  const response = await stage.server.post('/v1/documents?scan=true', { id: `timed-${i}`, published_at: new Date().toISOString(), text });
  assert.equal(response.status, 201);
  return (await seen) - sent;
}

export function signal_tests(stage: Stage): void {
  test('the overview counts what the store holds, and a heat cell leads to its signals', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/');
    const overview = await stage.server.get<{ counts: Record<string, number> }>('/v1/overview');
    await visitor.page.locator('.figure', { hasText: 'Risk signals' }).getByText(String(overview.counts['signals'])).waitFor();
    await visitor.page.locator('.chart svg').first().waitFor();
    const cell = visitor.page.locator('.heat-cell').first();
    const count = Number(await cell.textContent());
    await cell.click();
    await visitor.page.getByRole('heading', { level: 1, name: 'Signals' }).waitFor();
    await visitor.settled();
    assert.equal(await visitor.page.locator('tbody tr').count(), count);
    await visitor.leave();
  });

  test('filters narrow the list and stand in the address', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/signals');
    await visitor.page.getByLabel('Risk', { exact: true }).selectOption('liquidity');
    await visitor.page.getByLabel('Entity').fill('Orbrin Steelworks');
    await visitor.page.getByLabel('Entity').press('Enter');
    await visitor.page.waitForURL(/risk=liquidity.*entity=Orbrin/);
    await visitor.page.waitForFunction(() => [...document.querySelectorAll('tbody tr')].every((row) => row.textContent?.includes('Orbrin')));
    const rows = await visitor.page.locator('tbody tr').allTextContents();
    assert.ok(rows.length > 0 && rows.every((row) => row.includes('Liquidity') && row.includes('Orbrin')), rows.join('\n'));
    await visitor.page.getByRole('button', { name: 'Clear filters' }).click();
    await visitor.page.waitForFunction((n) => document.querySelectorAll('tbody tr').length > n, rows.length);
    await visitor.leave();
  });

  test('evidence is marked where the bytes say, in Chinese text too', async () => {
    const { items } = await stage.server.get<List<Signal>>('/v1/signals?limit=500');
    const signal = items.find((item) => item.document.lang === 'zh' && item.evidence.length > 0 && item.entities.length > 0);
    assert.ok(signal, 'a Chinese signal with evidence');
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go(`/signals/${signal.id}`);
    const marked = (await visitor.page.locator('mark.mark-evidence').allTextContents()).join('|');
    for (const evidence of signal.evidence) assert.ok(marked.replaceAll('|', '').includes(evidence.text), `${evidence.text} in ${marked}`);
    assert.equal((await visitor.page.locator('.document-text').textContent()), signal.document.text);
    await visitor.leave();
  });

  test('attribution of every token and true attention weights', async () => {
    const { items } = await stage.server.get<List<Signal>>('/v1/signals?limit=1');
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go(`/signals/${items[0]?.id}`);
    await visitor.page.getByRole('button', { name: 'Attribution' }).click();
    await visitor.page.locator('mark.mark-raises').first().waitFor();
    await visitor.page.getByRole('button', { name: 'Attention' }).click();
    await visitor.page.getByRole('img', { name: /Attention weights, layer 1, head 1/ }).waitFor();
    await visitor.page.getByRole('combobox', { name: 'Head' }).selectOption({ value: '1' });
    await visitor.page.getByRole('img', { name: /layer 1, head 2/ }).waitFor();
    await visitor.leave();
  });

  test('a document that arrives shows on the open overview without a reload', async (t) => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/');
    await visitor.page.getByText('Live', { exact: true }).waitFor();
    const figure = visitor.page.locator('.figure', { hasText: 'Documents' }).locator('.figure-value');
    const before = Number(await figure.textContent());
    const response = await stage.server.post('/v1/documents?scan=true', {
      id: 'live-1', published_at: new Date().toISOString(),
      text: 'Authorities take control of Halverstow Trust Bank after it fails to repay depositors and misses a bond coupon',
    });
    assert.equal(response.status, 201, await response.text());
    await visitor.page.locator('.figure', { hasText: 'Open alerts' }).waitFor();
    await visitor.page.getByRole('link', { name: /Authorities take control of Halverstow/ }).first().waitFor();
    await visitor.page.waitForFunction((n) => Number(document.querySelector('.figure-value')?.textContent) > n, before);
    const times: number[] = [];
    for (let i = 0; i < 11; i += 1) times.push(await time_to_screen(stage, visitor, i));
    times.sort((a, b) => a - b);
    t.diagnostic(`text sent to alert on the screen: median ${times[5]} ms, longest ${times[10]} ms`);
    assert.ok((times[5] ?? Infinity) < 1000, `median ${times[5]} ms`);
    await visitor.leave();
  });
}
