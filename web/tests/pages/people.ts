// SPDX-License-Identifier: Apache-2.0
// Journeys of people who log in: what each role does, and may not do.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Visitor } from '../support/browser';
import { ballast, copy_world, Server } from '../support/server';
import type { Stage } from './dashboard.test';

const password = 'correct horse battery';
const people = { ann: 'analyst', olga: 'officer', otto: 'officer', vera: 'viewer', rita: 'auditor', ada: 'admin' } as const;

export function people_tests(stage: Stage): void {
  describe('people', { concurrency: 1 }, () => {
    let server: Server;
    before(async () => {
      const world = copy_world(stage.world);
      for (const [name, role] of Object.entries(people)) ballast(world, ['serve', 'user', 'add', name, '--role', role], { BALLAST_PASSWORD: password });
      server = await Server.start(world);
    });
    after(async () => server?.stop());
    const enter = async (name: keyof typeof people): Promise<Visitor> => {
      const visitor = await Visitor.come(stage.browser, server.url);
      await visitor.log_in(name, password);
      return visitor;
    };

    test('a wrong password is refused in words', async () => {
      const visitor = await Visitor.come(stage.browser, server.url);
      await visitor.go('/');
      await visitor.page.getByLabel('Name').fill('ann');
      await visitor.page.getByLabel('Password').fill('wrong wrong wrong');
      await visitor.page.getByRole('button', { name: 'Log in' }).click();
      await visitor.page.getByText('Name or password is wrong.').waitFor();
      visitor.errors.length = 0;  // the browser logs the 401
      await visitor.leave();
    });

    test('an analyst corrects a signal and sees the correction in the list', async () => {
      const visitor = await enter('ann');
      const { page } = visitor;
      await visitor.go('/signals');
      await page.locator('tbody tr').first().click();
      await page.getByRole('button', { name: 'Correct' }).click();
      const right = page.getByLabel('The right kind of risk');
      await right.selectOption({ index: 1 });
      const risk = (await right.locator('option:checked').textContent()) ?? '';
      await page.getByLabel('Note').fill('about the lender, not the borrower');
      await page.getByRole('button', { name: 'Save correction' }).click();
      await page.getByText(/Corrected by ann/).waitFor();
      await page.locator('.note.good').getByText(risk).waitFor();
      await page.reload();
      await page.locator('tbody tr.selected').getByText('Corrected').waitFor();
      await visitor.go('/audit?tab=feedback');
      await page.getByRole('row', { name: /about the lender/ }).waitFor();
      await visitor.leave();
    });

    test('a viewer reads and is offered nothing to write', async () => {
      const visitor = await enter('vera');
      await visitor.go('/signals');
      await visitor.page.locator('tbody tr').first().click();
      await visitor.page.getByText('Analysts and above may judge signals.').waitFor();
      assert.equal(await visitor.page.getByRole('button', { name: 'Accept' }).count(), 0);
      assert.equal(await visitor.page.getByRole('link', { name: 'Access' }).count(), 0);
      await visitor.page.getByRole('button', { name: 'Log out' }).click();
      await visitor.page.getByRole('heading', { name: 'Log in' }).waitFor();
      await visitor.leave();
    });

    test('an officer decides an application, prints the reasons, and another officer approves the override', async () => {
        const olga = await enter('olga');
      const { page } = olga;
      await olga.go('/credit');
      const fill = async (values: Readonly<Record<string, string>>): Promise<void> => {
        for (const [label, value] of Object.entries(values)) await page.getByLabel(label, { exact: true }).fill(value);
      };
      await fill({ 'Application number': 'A-17', income: '1900', 'debt ratio': '0.72', 'missed payments': '3', 'years employed': '0', amount: '6000', term: '24' });
      await page.getByLabel('purpose', { exact: true }).selectOption('consumption');
      await page.getByRole('button', { name: 'Decide' }).click();
      await page.locator('.verdict-word', { hasText: 'Decline' }).waitFor();
      await page.getByText(/which raises the risk/).first().waitFor();
      await page.getByRole('button', { name: '中文' }).last().click();
      await page.getByRole('button', { name: 'Decide' }).click();
      await page.locator('.reasons').getByText(/违约/).first().waitFor();
      await page.emulateMedia({ media: 'print' });
      assert.equal(await page.getByRole('navigation').isVisible(), false, 'no navigation on paper');
      assert.ok((await page.pdf()).length > 5000);
      await page.emulateMedia({ media: 'screen' });
      await page.locator('.facts a[href^="/decisions/"]').click();
      await page.getByLabel('Other outcome').selectOption('approve');
      await page.getByRole('textbox', { name: 'Reason' }).fill('guarantor found');
      await page.getByRole('button', { name: 'Propose' }).click();
      await page.getByText(/Another officer must decide this/).waitFor();
      const address = new URL(page.url()).pathname;
      await olga.leave();

      const otto = await enter('otto');
      await otto.go(address);
      await otto.page.getByRole('button', { name: 'Approve' }).click();
      await otto.page.getByText('Approved by otto').waitFor();
      await otto.leave();
    });

    test('an administrator makes a key that is shown once, and adds a user who can log in', async () => {
      const visitor = await enter('ada');
      const { page } = visitor;
      await visitor.go('/access');
      const keys = page.getByRole('region', { name: 'API keys' }).first();
      await keys.getByLabel('Name').fill('nightly feed');
      await keys.getByRole('button', { name: 'Make key' }).click();
      const key = (await keys.locator('.note code').textContent()) ?? '';
      const answer = await fetch(`${server.url}/v1/signals?limit=1`, { headers: { Authorization: `Bearer ${key}` } });
      assert.equal(answer.status, 200);
      await page.reload();
      await page.getByRole('row', { name: /nightly feed/ }).waitFor();
      assert.equal(await page.getByText(key).count(), 0);
      await page.getByRole('row', { name: /nightly feed/ }).getByRole('button', { name: 'Revoke' }).click();
      await page.getByRole('row', { name: /nightly feed.*Revoked/ }).waitFor();
      assert.equal((await fetch(`${server.url}/v1/signals?limit=1`, { headers: { Authorization: `Bearer ${key}` } })).status, 401);
      const users = page.getByRole('region', { name: 'Users' }).first();
      await users.getByLabel('Name').fill('nora');
      await users.getByLabel('Role').selectOption('viewer');
      await users.getByLabel('Password').fill(password);
      await users.getByRole('button', { name: 'Add user' }).click();
      await page.getByRole('row', { name: /nora/ }).waitFor();
      await visitor.leave();
      const nora = await Visitor.come(stage.browser, server.url);
      await nora.log_in('nora', password);
      await nora.leave();
    });

    test('an auditor verifies the chain and cannot write', async () => {
        const visitor = await enter('rita');
      await visitor.go('/audit');
      await visitor.page.getByRole('button', { name: 'Verify chain' }).click();
      await visitor.page.getByText(/Intact: [\d,]+ entries/).waitFor();
      await visitor.go('/operations?tab=cases');
      assert.equal(await visitor.page.getByRole('button', { name: 'Open a case' }).count(), 0);
      await visitor.leave();
    });
  });
}
