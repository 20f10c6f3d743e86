// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, and what every page of the dashboard must keep: no errors in the console, nothing wider than the
// screen, a name for every control, text that can be read against its background.
import assert from 'node:assert/strict';
import { chromium, type Browser, type Page } from 'playwright-core';

export async function open_browser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

export interface View {
  language?: 'en' | 'zh';
  theme?: 'light' | 'dark';
  phone?: boolean;
}

export class Visitor {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly #base: string;
  private constructor(page: Page, base: string) {
    this.page = page;
    this.#base = base;
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  static async come(browser: Browser, base: string, view: View = {}): Promise<Visitor> {
    const context = await browser.newContext({
      viewport: view.phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
      locale: view.language === 'zh' ? 'zh-CN' : 'en-GB',
      colorScheme: view.theme ?? 'light',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    return new Visitor(page, base);
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.#base + path);
    await this.page.locator('main, .login').first().waitFor();
    await this.settled();
  }

  /** Waits until nothing says that it is loading. */
  async settled(): Promise<void> {
    await this.page.waitForFunction(() => document.querySelector('.skeleton, [aria-busy="true"]') === null);
  }

  async log_in(name: string, password: string): Promise<void> {
    await this.page.goto(this.#base);
    await this.page.getByLabel('Name').fill(name);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Log in' }).click();
    await this.page.getByRole('navigation', { name: 'Pages' }).waitFor();
  }

  async leave(): Promise<void> {
    await this.page.context().close();
    assert.deepEqual(this.errors, [], 'errors in the console');
  }
}

export async function assert_fits(page: Page, what: string): Promise<void> {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(over <= 0, `${what} is ${over} pixels wider than the screen`);
}

/** Controls without a name that a screen reader could say. */
export async function assert_named(page: Page, what: string): Promise<void> {
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a[href], input, select, textarea, [role="img"]')]
      .filter((element) => {
        const labels = 'labels' in element ? [...((element as HTMLInputElement).labels ?? [])] : [];
        const name = element.getAttribute('aria-label') ?? element.getAttribute('title') ?? `${element.textContent}${labels.map((label) => label.textContent).join('')}`;
        return name.trim() === '';
      })
      .map((element) => element.outerHTML.slice(0, 120)));
  assert.deepEqual(nameless, [], `${what}: controls without a name`);
}

/** WCAG 2 contrast of every visible text against the colours behind it; AA asks 4.5, and 3 for large text. */
export async function assert_readable(page: Page, what: string): Promise<void> {
  const weak = await page.evaluate(() => {
    type Colour = [number, number, number, number];
    const parse = (text: string): Colour => {
      const numbers = (text.match(/[\d.]+/g) ?? []).map(Number);
      return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0, numbers[3] ?? 1];
    };
    const over = (top: Colour, below: Colour): Colour => [0, 1, 2].map((i) => (top[i] ?? 0) * top[3] + (below[i] ?? 0) * (1 - top[3])).concat(1) as Colour;
    const luminance = (colour: Colour): number => {
      const [r = 0, g = 0, b = 0] = colour.slice(0, 3).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element: Element | null): Colour => {
      const layers: Colour[] = [];
      for (let e = element; e !== null; e = e.parentElement) {
        const colour = parse(getComputedStyle(e).backgroundColor);
        if (colour[3] > 0) layers.push(colour);
        if (colour[3] === 1) break;
      }
      return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1] as Colour);
    };
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (element === null || (node.textContent ?? '').trim() === '' || element.closest('svg, script, style, noscript, .hidden-words, .heat-none, button:disabled, .skip') !== null) continue;
      const box = element.getBoundingClientRect();
      if (box.width === 0 || box.height === 0 || !element.checkVisibility()) continue;
      const style = getComputedStyle(element);
      const behind = background(element);
      const [a, b] = [luminance(over(parse(style.color), behind)), luminance(behind)];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
      if (ratio < needed - 0.005) found.push(`${ratio.toFixed(2)} "${(node.textContent ?? '').trim().slice(0, 40)}" ${element.className}`);
    }
    return [...new Set(found)].slice(0, 10);
  });
  assert.deepEqual(weak, [], `${what}: text too weak against its background`);
}
