// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert_fits, assert_named, assert_readable, Visitor, type View } from '../support/browser';
import type { Stage } from './dashboard.test';

const pages: readonly (readonly [path: string, en: string, zh: string, reads?: string])[] = [
  ['/', 'Overview', '总览'], ['/signals', 'Signals', '风险信号'], ['/markets', 'Markets', '市场', '/v1/prices'], ['/markets?tab=advice', 'Markets', '市场', '/v1/advice/questionnaire'],
  ['/markets?tab=history', 'Markets', '市场'], ['/credit', 'Credit', '信贷', '/v1/credit/models'], ['/credit?tab=what_if', 'Credit', '信贷', '/v1/credit/models'],
  ['/credit?tab=fairness', 'Credit', '信贷', '/v1/credit/models'], ['/credit?tab=past', 'Credit', '信贷', '/v1/credit/models'], ['/operations', 'Operations', '运营', '/v1/operations/event-probabilities'],
  ['/operations?tab=logs', 'Operations', '运营'], ['/operations?tab=transactions', 'Operations', '运营'], ['/operations?tab=alerts', 'Operations', '运营'],
  ['/operations?tab=cases', 'Operations', '运营'], ['/operations?tab=losses', 'Operations', '运营', '/v1/operations/losses'], ['/customers', 'Customers', '客户', '/v1/customers/models'],
  ['/assistant', 'Assistant', '客服助手', '/v1/assist/conversations'], ['/models', 'Models', '模型', '/v1/models'], ['/models?tab=comparisons', 'Models', '模型'], ['/models?tab=drift', 'Models', '模型', '/v1/drift'],
  ['/models?tab=jobs', 'Models', '模型'], ['/audit', 'Audit', '审计', '/v1/audit'], ['/audit?tab=decisions', 'Audit', '审计'], ['/audit?tab=overrides', 'Audit', '审计'],
  ['/audit?tab=feedback', 'Audit', '审计'], ['/access', 'Access', '权限'],
];

const views: readonly View[] = [{ language: 'en', theme: 'light' }, { language: 'zh', theme: 'dark', phone: true }];

export function every_page(stage: Stage): void {
  for (const view of views) {
    test(`every page, ${view.language}, ${view.theme}, ${view.phone ? 'phone' : 'laptop'}`, async (t) => {
      const { paths } = await stage.server.get<{ paths: Record<string, unknown> }>('/openapi.json');
      const visitor = await Visitor.come(stage.browser, stage.server.url, view);
      for (const [path, en, zh, route] of pages) {
        if (route !== undefined && !(route in paths)) {
          t.diagnostic(`${path} is left out: this server has no ${route}`);
          continue;
        }
        await visitor.go(path);
        const title = await visitor.page.getByRole('heading', { level: 1 }).textContent();
        assert.equal(title, view.language === 'zh' ? zh : en, path);
        assert.equal(await visitor.page.locator('.state.failure').count(), 0, `${path}: ${await visitor.page.locator('.state.failure').allTextContents()}`);
        await assert_fits(visitor.page, path);
        await assert_named(visitor.page, path);
        await assert_readable(visitor.page, path);
      }
      await visitor.leave();
    });
  }

  test('language and theme are kept, and the page says which language it is in', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/');
    await visitor.page.getByRole('button', { name: '中文' }).click();
    await visitor.page.getByRole('button', { name: '深色主题' }).click();
    await visitor.page.reload();
    await visitor.page.getByRole('heading', { level: 1, name: '总览' }).waitFor();
    assert.equal(await visitor.page.locator('html').getAttribute('lang'), 'zh-CN');
    assert.equal(await visitor.page.locator('html').getAttribute('data-theme'), 'dark');
    await visitor.leave();
  });

  test('the keyboard alone: skip link, navigation, tabs', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/operations?tab=alerts');
    await visitor.page.keyboard.press('Tab');
    assert.equal(await visitor.page.evaluate(() => document.activeElement?.textContent), 'Skip to content');
    await visitor.page.keyboard.press('Enter');
    assert.equal(await visitor.page.evaluate(() => document.activeElement?.tagName), 'MAIN');
    await visitor.page.getByRole('tab', { name: 'Alerts' }).focus();
    await visitor.page.keyboard.press('ArrowRight');
    await visitor.page.getByRole('tab', { name: 'Cases', selected: true }).waitFor();
    const outline = await visitor.page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    assert.notEqual(outline, 'none', 'the focus must be visible');
    await visitor.leave();
  });

  test('on a phone the navigation opens, leads, and closes', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url, { phone: true });
    await visitor.go('/');
    const menu = visitor.page.getByRole('button', { name: 'Menu' });
    await menu.click();
    await visitor.page.getByRole('navigation').getByRole('link', { name: 'Signals' }).click();
    await visitor.page.getByRole('heading', { level: 1, name: 'Signals' }).waitFor();
    assert.equal(await menu.getAttribute('aria-expanded'), 'false');
    await visitor.leave();
  });

  test('an address that is no page says so and leads home', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/nowhere');
    await visitor.page.getByRole('link', { name: 'Go to the overview' }).click();
    await visitor.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await visitor.leave();
  });

  test('a server that cannot be reached is named, with what to do', async () => {
    const visitor = await Visitor.come(stage.browser, stage.server.url);
    await visitor.go('/');
    await visitor.page.route('**/v1/signals*', (route) => route.abort());
    await visitor.page.getByRole('link', { name: 'Signals', exact: true }).click();
    await visitor.page.getByText('The server cannot be reached').waitFor();
    await visitor.page.unroute('**/v1/signals*');
    await visitor.page.getByRole('button', { name: 'Try again' }).click();
    await visitor.page.getByRole('table').waitFor();
    // The aborted request is an error of the network, which the browser logs.
    visitor.errors.length = 0;
    await visitor.leave();
  });
}
