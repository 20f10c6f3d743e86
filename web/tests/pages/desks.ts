// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as data from '../support/data';
import { Visitor } from '../support/browser';
import { read } from '../support/server';
import type { Stage } from './dashboard.test';

export function desk_tests(stage: Stage): void {
  test('markets: prices, a VaR back-test with its traffic light, a forecast with its fan', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/markets?id=index:close');
    await visitor.page.getByRole('img', { name: /Line chart: price of index:close/ }).waitFor();
    await visitor.page.getByRole('button', { name: 'Run back-test' }).click();
    await visitor.page.getByRole('img', { name: /exceptions in/ }).waitFor();
    assert.match((await visitor.page.locator('.traffic').textContent()) ?? '', /Green|Yellow|Red/);
    assert.equal(await visitor.page.getByRole('row', { name: /Kupiec/ }).count(), 1);
    await visitor.page.getByRole('button', { name: 'Forecast', exact: true }).click();
    await visitor.page.getByText(/Advice for/).waitFor({ timeout: 120_000 });
    await visitor.page.getByRole('img', { name: /Forecast intervals of the last/ }).waitFor();
    await visitor.page.getByRole('tab', { name: 'Past forecasts' }).click();
    await visitor.page.getByRole('row', { name: /index/ }).first().waitFor();
    await visitor.leave();
  });

  test('markets: advice on a portfolio', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/markets?tab=advice');
    for (const select of await visitor.page.locator('.wide-fields select').all()) await select.selectOption({ index: 2 });
    await visitor.page.getByLabel('Client').fill('Client 7');
    await visitor.page.getByLabel('Holdings').fill('instrument,currency,quantity,value,class\nWILD,USD,400,,shares\nCALM,USD,,20000,shares\ncash,USD,,1000,cash\n');
    await visitor.page.getByRole('button', { name: 'Advise', exact: true }).click();
    await visitor.page.getByRole('row', { name: /WILD/ }).first().waitFor({ timeout: 60_000 });
    const report = await visitor.page.getByRole('link', { name: 'Client report' }).getAttribute('href');
    const response = await fetch(stage.server.url + (report ?? ''));
    assert.match(await response.text(), /<html/);
    await visitor.leave();
  });

  test('credit: the sliders score at once, fairness shows every group', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/credit');
    await visitor.page.getByRole('button', { name: 'Fill with middle values' }).click();
    await visitor.page.getByRole('button', { name: 'Score only' }).click();
    await visitor.page.getByText('Probability of default').first().waitFor();
    await visitor.page.getByRole('tab', { name: 'What if' }).click();
    const now = visitor.page.locator('.compare-grid b').first();
    const was = Number.parseFloat((await now.textContent()) ?? '');
    await visitor.page.getByRole('slider', { name: 'missed payments' }).fill('3');
    await visitor.page.waitForFunction((old) => Number.parseFloat(document.querySelector('.compare-grid b')?.textContent ?? '') > old, was);
    await visitor.page.getByRole('img', { name: /Line: probability of default/ }).waitFor();
    await visitor.page.getByRole('tab', { name: 'Fairness' }).click();
    for (const group of ['under 30', '30 to 49', '50 and over']) await visitor.page.getByRole('row', { name: new RegExp(group) }).first().waitFor();
    await visitor.leave();
  });

  test('operations: event probabilities from the register of losses', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/operations');
    await visitor.page.getByLabel('Horizon, days').fill('60');
    await visitor.page.getByRole('button', { name: 'Compute' }).click();
    await visitor.page.getByRole('row', { name: /Systems/ }).waitFor({ timeout: 60_000 });
    await visitor.page.getByRole('tab', { name: 'Losses' }).click();
    await visitor.page.getByRole('row', { name: /EUR/ }).first().waitFor();
    await visitor.leave();
  });

  test('operations: log lines become templates, the rare one first', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/operations?tab=logs');
    await visitor.page.getByRole('textbox', { name: 'Log lines' }).fill(data.log_text(120));
    await visitor.page.getByRole('button', { name: 'Find templates' }).click();
    const first = visitor.page.getByRole('table').getByRole('row').nth(1);
    assert.match((await first.textContent()) ?? '', /settlement account/);
    await visitor.leave();
  });

  test('operations: a case is opened, assigned, annotated and closed', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/operations?tab=cases');
    const { page } = visitor;
    await page.getByLabel('Subject').fill('Payment gateway down');
    await page.getByRole('textbox', { name: 'Note' }).fill('two outages this week');
    await page.getByRole('button', { name: 'Open a case' }).click();
    const detail = page.locator('.master-detail');
    await detail.getByText('two outages this week').waitFor();
    await detail.getByLabel('Assign to').fill('bo');
    await detail.getByRole('button', { name: 'Assign' }).click();
    await detail.getByText('Assignee: bo').waitFor();
    await detail.getByLabel('Note').fill('vendor informed');
    await detail.getByRole('button', { name: 'Add note' }).click();
    await detail.getByText('vendor informed').waitFor();
    await detail.getByLabel('Note').fill('patched');
    await detail.getByRole('button', { name: 'Close case' }).click();
    await detail.getByText('Closed', { exact: true }).first().waitFor();
    assert.equal(await detail.locator('.timeline li').count(), 4);
    await visitor.leave();
  });

  test('customers: rows are scored, the likeliest first', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/customers');
    const rows = read(stage.world, 'churn.csv').split('\n').slice(0, 6).map((line) => line.split(',').slice(0, 4).join(',')).join('\n');
    await visitor.page.getByRole('textbox', { name: 'Customers' }).fill(rows);
    await visitor.page.getByRole('button', { name: 'Score' }).click();
    const table = visitor.page.getByRole('region', { name: 'Scored customers' }).getByRole('table');
    await table.waitFor();
    const shares = (await table.locator('.probability > .num').allTextContents()).map((text) => Number.parseFloat(text));
    assert.equal(shares.length, 5);
    assert.deepEqual(shares, [...shares].sort((a, b) => b - a));
    await visitor.leave();
  });

  test('assistant: a customer asks in Chinese and gets a cited answer', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url, { language: 'zh' });
    await visitor.go('/assistant');
    await visitor.page.getByLabel('您的问题').fill('银行卡丢了怎么挂失？');
    await visitor.page.getByRole('button', { name: '发送' }).click();
    await visitor.page.locator('.sources summary').first().click();
    assert.match((await visitor.page.locator('.sources blockquote').first().textContent()) ?? '', /挂失/);
    await visitor.leave();
  });
}
