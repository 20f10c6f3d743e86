// SPDX-License-Identifier: Apache-2.0
// SIMULATED inputs of the dashboard's tests, from a fixed seed: news of firms that do not exist, prices, borrowers, losses,
// customers, a log. Nothing is real data.

/** Mulberry32: small, and the same numbers everywhere. */
export function random_numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const day_ms = 86_400_000;
const day_text = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const firms = ['Halverstow Trust Bank', 'Orbrin Steelworks', 'Quillmere Stores', 'Calmora Airlines', 'Tessary Pay', 'Larkmoor Foods', 'Corvane Robotics', 'Merriden Shipping'];
const firms_zh = ['启衡证券', '沐澄地产', '青岚新能源', '云岭化工'];
const english = [
  '{} misses a coupon on its 2027 bonds and enters a 30-day grace period',
  '{} says lenders declined to roll over half of its maturing notes, leaving it short of cash',
  'Shares in {} plunge 31% before trading is halted',
  'Regulator fines {} 45 million over weak controls against money laundering',
  '{} stops service after its payment system fails for a second day',
  '{} cuts its full-year profit forecast as orders fall',
  '{} lifts its full-year profit forecast as orders pick up',
  'Castrel Ratings cuts {} to B- as debt climbs',
  '{} will pay its usual dividend on 31 March',
  'Hackers steal the account details of 2.3 million customers of {}',
  'Authorities take control of {} and warn that bondholders will bear losses',
  '{} opens a new training centre for apprentices',
];
const chinese = [
  '{}未能按期支付美元债利息，公司正与持有人协商展期',
  '{}交易系统早盘宕机四十分钟，多名客户反映无法撤单',
  '{}因反洗钱内部控制存在重大缺陷，被监管部门罚款两千三百万元',
  '{}预计一季度由盈转亏，称产品价格持续走低、订单不及预期',
  '{}与三家老客户续签五年供货合同',
  '{}账上可动用现金已不足以覆盖一年内到期的债务',
];

/** id,published_at,title-less news over `weeks` weeks that end on `last`. */
export function news_csv(weeks: number, a_week: number, last: string): string {
  const random = random_numbers(7);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const end = Date.parse(last);
  const rows = ['id,published_at,text'];
  for (let i = 0; i < weeks * a_week; i += 1) {
    const at = new Date(end - Math.floor(random() * weeks * 7) * day_ms - Math.floor(random() * day_ms)).toISOString().slice(0, 19);
    const text = random() < 0.62 ? pick(english).replace('{}', pick(firms)) : pick(chinese).replace('{}', pick(firms_zh));
    rows.push(`n${i},${at}Z,"${text}"`);
  }
  return `${rows.join('\n')}\n`;
}

export function watch_list_csv(): string {
  return `name,aliases,kind\n${[...firms, ...firms_zh].map((firm) => `${firm},,company`).join('\n')}\n`;
}

/** date,close of weekdays that end on `last`: a walk whose volatility comes in clusters. */
export function prices_csv(days: number, last: string, seed = 11): string {
  const random = random_numbers(seed);
  const rows: string[] = [];
  let price = 100;
  let variance = 1;
  let at = Date.parse(last) - Math.floor((days * 7) / 5) * day_ms;
  for (; at <= Date.parse(last); at += day_ms) {
    const weekday = new Date(at).getUTCDay();
    if (weekday === 0 || weekday === 6) continue;
    const shock = Math.sqrt(variance) * normal(random);
    variance = 0.03 + 0.09 * shock * shock + 0.88 * variance;
    price *= Math.exp((0.02 + shock) / 100);
    rows.push(`${day_text(at)},${price.toFixed(2)}`);
  }
  return `date,close\n${rows.join('\n')}\n`;
}

/** date and three funds with one common factor. */
export function funds_csv(days: number, last: string): string {
  const random = random_numbers(13);
  const rows: string[] = [];
  let [calm, mild, wild] = [100, 100, 100];
  for (let at = Date.parse(last) - Math.floor((days * 7) / 5) * day_ms; at <= Date.parse(last); at += day_ms) {
    const weekday = new Date(at).getUTCDay();
    if (weekday === 0 || weekday === 6) continue;
    const factor = 0.0004 + 0.01 * normal(random);
    calm *= 1 + 0.4 * factor + 0.004 * normal(random);
    mild *= 1 + 0.8 * factor + 0.006 * normal(random);
    wild *= 1 + 1.7 * factor + 0.018 * normal(random);
    rows.push(`${day_text(at)},${calm.toFixed(4)},${mild.toFixed(4)},${wild.toFixed(4)}`);
  }
  return `date,CALM,MILD,WILD\n${rows.join('\n')}\n`;
}

/** Borrowers whose outcome follows from the columns and chance, as those of `ballast demo`. */
export function borrowers_csv(rows: number): string {
  const random = random_numbers(17);
  const purposes = ['home', 'car', 'business', 'consumption'];
  const lines = ['income,debt_ratio,missed_payments,years_employed,purpose,age,outcome'];
  for (let i = 0; i < rows; i += 1) {
    const income = 2500 * Math.exp(0.45 * normal(random));
    const debt = 0.05 + 0.8 * random() * random();
    const chance = random();
    const missed = chance < 0.7 ? 0 : chance < 0.87 ? 1 : chance < 0.96 ? 2 : 3;
    const years = Math.floor(random() * 20);
    const purpose = Math.floor(random() * 4);
    const age = 21 + years + Math.floor(random() * 25);
    const log_odds = -2.4 - 0.9 * Math.log(income / 2500) + 3 * debt + 0.75 * missed - 0.05 * years + ([-0.4, 0, 0.2, 0.4][purpose] ?? 0);
    const bad = random() < 1 / (1 + Math.exp(-log_odds));
    lines.push(`${income.toFixed(0)},${debt.toFixed(2)},${missed},${years},${purposes[purpose]},${age < 30 ? 'under 30' : age < 50 ? '30 to 49' : '50 and over'},${bad ? 'default' : 'paid'}`);
  }
  return `${lines.join('\n')}\n`;
}

export const credit_policy = `name = "retail loans"
currency = "EUR"
[verdict]
approve_pd = 0.10
decline_pd = 0.25
[loss]
lgd = 0.45
[price]
funding = 0.03
cost = 0.01
margin = 0.015
hurdle = 0.10
[amount]
column = "amount"
income_column = "income"
term_column = "term"
max = 20000
`;

export function customers_csv(rows: number): string {
  const random = random_numbers(19);
  const lines = ['months,products,calls,balance,left'];
  for (let i = 0; i < rows; i += 1) {
    const months = 1 + Math.floor(random() * 90);
    const products = 1 + Math.floor(random() * 4);
    const calls = Math.floor(random() * random() * 9);
    const balance = Math.round(4000 * Math.exp(0.8 * normal(random)));
    const log_odds = -0.6 - 0.02 * months - 0.5 * (products - 1) + 0.45 * calls;
    lines.push(`${months},${products},${calls},${balance},${random() < 1 / (1 + Math.exp(-log_odds)) ? 'yes' : 'no'}`);
  }
  return `${lines.join('\n')}\n`;
}

export function losses_csv(last: string): string {
  const random = random_numbers(23);
  const types = ['systems', 'systems', 'external_fraud', 'execution', 'execution', 'clients_products'];
  const lines = ['id,date,type,category,amount,recovery,currency,description'];
  for (let i = 0; i < 60; i += 1) {
    const type = types[Math.floor(random() * types.length)] ?? 'systems';
    const at = Date.parse(last) - Math.floor(random() * 720) * day_ms;
    lines.push(`L${i + 1},${day_text(at)},${type},,${Math.round(4000 * Math.exp(normal(random)))}.00,0.00,EUR,simulated`);
  }
  return `${lines.join('\n')}\n`;
}

export function log_text(lines: number): string {
  const random = random_numbers(29);
  const out: string[] = [];
  for (let i = 0; i < lines; i += 1) {
    const payment = 100_000 + Math.floor(random() * 900_000);
    if (i === Math.floor(lines * 0.7)) out.push('ERROR ledger: balance of settlement account 7741 is negative: -1204500.00, queue stopped');
    else if (random() < 0.4) out.push(`INFO gateway: payment ${payment} accepted from 10.2.${Math.floor(random() * 4)}.${Math.floor(random() * 250)}`);
    else if (random() < 0.6) out.push(`INFO gateway: payment ${payment} settled in ${20 + Math.floor(random() * 90)} ms`);
    else out.push(`WARN router: retry ${1 + Math.floor(random() * 3)} for payment ${payment}`);
  }
  return out.join('\n');
}
