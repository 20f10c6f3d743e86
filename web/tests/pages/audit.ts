// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision, Page as List } from '../../src/api/types';
import { Visitor } from '../support/browser';
import type { Stage } from './dashboard.test';

export function audit_tests(stage: Stage): void {
  test('models: the card of the model in charge is readable', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/models');
    await visitor.page.getByRole('heading', { name: 'risk-small', exact: true }).waitFor();
    await visitor.leave();
  });

  test('models: the comparison with the traditional methods gives its verdict in words, in both languages', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/models?tab=comparisons');
    await visitor.page.getByRole('row', { name: /scorecard/ }).waitFor();
    const verdict = visitor.page.locator('.comparison-verdict p').first();
    assert.match((await verdict.textContent()) ?? '', /AUC/);
    await visitor.page.getByRole('button', { name: '中文' }).click();
    assert.match((await verdict.textContent()) ?? '', /[\u4e00-\u9fff]/);
    await visitor.leave();
  });

  test('audit: a decision shows its hashes and replays bit for bit', async () => {
    const { items } = await stage.server.get<List<Decision>>('/v1/decisions?limit=1');
    const decision = items[0];
    assert.ok(decision, 'the desks made decisions before');
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/audit?tab=decisions');
    await visitor.page.getByLabel('Decision or signal number').fill(decision.id);
    await visitor.page.getByRole('button', { name: 'Open', exact: true }).click();
    await visitor.page.getByText(decision.model_hash).waitFor();
    await visitor.page.getByRole('button', { name: 'Replay' }).click();
    await visitor.page.getByText(/Identical, bit for bit/).waitFor({ timeout: 60_000 });
    await visitor.leave();
  });

  test('audit: a number that is none says so', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.page.goto(`${stage.server.url}/decisions/0000000000000000`);
    await visitor.page.getByText('Not found').first().waitFor();
    visitor.errors.length = 0;  // the browser logs the 404
    await visitor.leave();
  });
}
