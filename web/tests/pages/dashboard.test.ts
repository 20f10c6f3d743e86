// SPDX-License-Identifier: Apache-2.0
// Every page in both languages, both themes, on a laptop and on a phone; then what people do on them. One browser, one
// server without users for the pages, one with people for the journeys.
import { after, before, describe } from 'node:test';
import { make_world, remove_world, Server, type World } from '../support/server';
import { open_browser } from '../support/browser';
import type { Browser } from 'playwright-core';
import { audit_tests } from './audit';
import { desk_tests } from './desks';
import { every_page } from './every_page';
import { people_tests } from './people';
import { signal_tests } from './signals';

export interface Stage {
  world: World;
  server: Server;
  browser: Browser;
}

const stage = {} as Stage;

describe('dashboard', { concurrency: 1 }, () => {
  before(async () => {
    stage.world = make_world();
    stage.server = await Server.start(stage.world);
    stage.browser = await open_browser();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.server?.stop();
    if (stage.world) remove_world(stage.world);
  });
  every_page(stage);
  signal_tests(stage);
  desk_tests(stage);
  audit_tests(stage);
  people_tests(stage);
});
