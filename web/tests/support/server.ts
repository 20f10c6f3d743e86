// SPDX-License-Identifier: Apache-2.0
// A real `ballast serve` over a store that real verbs filled with simulated data.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as data from './data';

const program = process.env['BALLAST'] ?? 'ballast';
const last_day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);

export interface World {
  folder: string;
  store: string;
}

export function ballast(world: World, args: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  return execFileSync(program, [...args, '--store', `sqlite:${world.store}`, '--quiet'], {
    cwd: world.folder, encoding: 'utf8', env: { ...process.env, OMP_WAIT_POLICY: 'PASSIVE', ...environment }, stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** A folder with a store of news, losses and a comparison, and with models and tables to serve. */
export function make_world(): World {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-dashboard-'));
  const world = { folder, store: join(folder, 'bank.db') };
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('news.csv', data.news_csv(12, 5, last_day));
  write('names.csv', data.watch_list_csv());
  write('index.csv', data.prices_csv(1100, last_day));
  write('funds.csv', data.funds_csv(560, last_day));
  write('loans.csv', data.borrowers_csv(600));
  write('policy.toml', data.credit_policy);
  write('churn.csv', data.customers_csv(400));
  write('losses.csv', data.losses_csv(last_day));
  ballast(world, ['scan', 'news.csv', '--watchlist', 'names.csv']);
  ballast(world, ['credit', 'train', '--data', 'loans.csv', '--label', 'outcome', '--bad', 'default', '--protected', 'age', '--output', 'loans']);
  ballast(world, ['customers', 'train', '--data', 'churn.csv', '--label', 'left', '--positive', 'yes', '--output', 'churn']);
  ballast(world, ['operations', 'losses', 'import', 'losses.csv']);
  write('few.csv', data.borrowers_csv(200));
  ballast(world, ['compare', 'credit', '--data', 'few.csv', '--label-column', 'outcome', '--positive', 'default', '--folds', '2', '--epochs', '0.2']);
  return world;
}

/** The desks' models and tables, as far as this program can serve them. */
function desks(): string[] {
  const help = execFileSync(program, ['serve', '--help'], { encoding: 'utf8' });
  const all: readonly (readonly string[])[] = [
    ['--credit', 'loans'], ['--policy', 'policy.toml'], ['--customers', 'churn'], ['--prices', 'index.csv', 'funds.csv'],
  ];
  return all.filter(([option]) => help.includes(`${option} `)).flat();
}

export class Server {
  readonly url: string;
  readonly #process: ChildProcess;
  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.#process = process;
  }

  static async start(world: World, more: readonly string[] = []): Promise<Server> {
    const child = spawn(program, [
      'serve', '--port', '0', '--json', '--no-log', '--rate', '0', '--store', `sqlite:${world.store}`, '--web', process.env['BALLAST_WEB'] ?? '',
      '--watchlist', 'names.csv', ...desks(), ...more,
    ], { cwd: world.folder, env: { ...process.env, OMP_WAIT_POLICY: 'PASSIVE' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    const line = await new Promise<string>((resolve, reject) => {
      let out = '';
      child.stdout.on('data', (text: Buffer) => {
        out += text.toString();
        if (out.includes('\n')) resolve(out.slice(0, out.indexOf('\n')));
      });
      child.on('exit', (code) => reject(new Error(`ballast serve ended with ${code}: ${said}`)));
    });
    return new Server((JSON.parse(line) as { url: string }).url.replace(/\/$/, ''), child);
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async post(path: string, body: unknown): Promise<Response> {
    return fetch(this.url + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    const forced = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(forced);
  }
}

/** The same world with a store of its own, so that what one server is told is not seen by the other. */
export function copy_world(world: World): World {
  const store = join(world.folder, 'people.db');
  copyFileSync(world.store, store);
  for (const suffix of ['-wal', '-shm']) if (existsSync(world.store + suffix)) copyFileSync(world.store + suffix, store + suffix);
  return { folder: world.folder, store };
}

export function read(world: World, name: string): string {
  return readFileSync(join(world.folder, name), 'utf8');
}

export function remove_world(world: World): void {
  rmSync(world.folder, { recursive: true, force: true });
}
