// SPDX-License-Identifier: Apache-2.0
// Numbers, dates and money as people read them, in the language of the interface.

export type Language = 'en' | 'zh';
const locale = (language: Language): string => (language === 'zh' ? 'zh-CN' : 'en-GB');

export interface Format {
  count(value: number | null | undefined): string;
  number(value: number | null | undefined, digits?: number): string;
  percent(value: number | null | undefined, digits?: number): string;
  signed(value: number | null | undefined, digits?: number): string;
  money(value: string | number | null | undefined, currency?: string): string;
  date(value: string | null | undefined): string;
  time(value: string | null | undefined): string;
  short_time(value: string | null | undefined): string;
}

export const missing = '–';

/** A decimal string with its thousands grouped; the digits stay as the server wrote them. */
export function group_decimal(text: string): string {
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(text.trim());
  if (!match) return text;
  const whole = (match[2] ?? '').replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return `${match[1] === '-' ? '−' : ''}${whole}${match[3] ?? ''}`;
}

export function formats(language: Language): Format {
  const tag = locale(language);
  const finite = (value: number | null | undefined): value is number => typeof value === 'number' && Number.isFinite(value);
  const digits_format = (digits: number): Intl.NumberFormat =>
    new Intl.NumberFormat(tag, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const day = new Intl.DateTimeFormat(tag, { year: 'numeric', month: 'short', day: 'numeric', timeZone: 'UTC' });
  const moment = new Intl.DateTimeFormat(tag, {
    year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false,
    timeZone: 'UTC',
  });
  const short = new Intl.DateTimeFormat(tag, {
    month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false, timeZone: 'UTC',
  });
  const parse = (value: string | null | undefined, format: Intl.DateTimeFormat): string => {
    if (!value) return missing;
    const at = new Date(value);
    return Number.isNaN(at.getTime()) ? value : format.format(at);
  };
  const format: Format = {
    count: (value) => (finite(value) ? new Intl.NumberFormat(tag).format(value) : missing),
    number: (value, digits = 3) => (finite(value) ? digits_format(digits).format(value).replace('-', '−') : missing),
    percent: (value, digits = 0) => (finite(value) ? `${digits_format(digits).format(value * 100).replace('-', '−')}%` : missing),
    signed: (value, digits = 3) => {
      if (!finite(value)) return missing;
      const text = digits_format(digits).format(Math.abs(value));
      return value < 0 ? `−${text}` : `+${text}`;
    },
    money: (value, currency) => {
      if (value === null || value === undefined || value === '') return missing;
      const amount = group_decimal(typeof value === 'number' ? value.toFixed(2) : value);
      return currency ? `${currency} ${amount}` : amount;
    },
    date: (value) => parse(value, day),
    time: (value) => (value ? `${parse(value, moment)} UTC` : missing),
    short_time: (value) => parse(value, short),
  };
  return format;
}

/** "first_line" and "first line" are the same name to a reader. */
export function plain_name(name: string): string {
  return name.replaceAll('_', ' ');
}
