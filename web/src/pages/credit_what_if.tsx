// SPDX-License-Identifier: Apache-2.0
// Sliders over an application: the model scores the changed one at once, and shows how one column alone moves the PD.
import { useEffect, useState, type ReactNode } from 'react';
import { post } from '../api/client';
import type { CreditInput, CreditModel, CreditVerdict, WhatIf } from '../api/types';
import { value_axis, type Palette } from '../charts/palette';
import { plain_name } from '../lib/format';
import { useWords } from '../lib/language';
import { useAction } from '../lib/resource';
import { Badge, Button, Failure, Panel } from '../ui/basic';
import { Chart } from '../ui/chart';
import { Icon } from '../ui/icons';
import type { Values } from './credit';
import { input_words, step_of } from './credit_application';

const curve_points = 11;

function curve_values(input: CreditInput): string[] {
  if (input.kind === 'category') return [...(input.levels ?? [])];
  const lo = input.min ?? 0;
  const hi = input.max ?? 1;
  const step = step_of(input);
  const values = Array.from({ length: curve_points }, (_, i) => String(Number((Math.round((lo + ((hi - lo) * i) / (curve_points - 1)) / step) * step).toFixed(4))));
  return [...new Set(values)];
}

function Slider({ input, start, value, onChange, onCurve, selected }: { input: CreditInput; start: string; value: string; onChange: (value: string) => void; onCurve: () => void; selected: boolean }): ReactNode {
  const { language, t } = useWords();
  const id = `slider-${input.name}`;
  return (
    <div>
      <div className="slider-head">
        <label htmlFor={id}>{input_words(input, language)}</label>
        <span className="slider-value">
          <span className={value === start ? 'num' : 'num changed'}>{value === '' ? t('credit.missing') : input.kind === 'category' ? plain_name(value) : value}</span>
          <button type="button" className="button quiet small square" aria-pressed={selected} aria-label={t('credit.curve', { column: input_words(input, language) })} title={t('credit.curve_button')} onClick={onCurve}><Icon name="markets" size={13} /></button>
        </span>
      </div>
      {input.kind === 'category' ? (
        <select id={id} className="select" value={value} onChange={(event) => onChange(event.target.value)}>
          {(input.levels ?? []).map((level) => <option key={level} value={level}>{plain_name(level)}</option>)}
        </select>
      ) : (
        <input id={id} type="range" min={input.min ?? 0} max={input.max ?? 1} step={step_of(input)} value={value === '' ? (input.min ?? 0) : value} onChange={(event) => onChange(event.target.value)} />
      )}
    </div>
  );
}

function Compare({ before, now }: { before: CreditVerdict; now: CreditVerdict }): ReactNode {
  const { t, f, name } = useWords();
  const outcome = (verdict: CreditVerdict): ReactNode => verdict.outcome ? <Badge tone={verdict.outcome === 'approve' ? 'good' : verdict.outcome === 'decline' ? 'critical' : 'material'}>{name('outcome', verdict.outcome)}</Badge> : '–';
  return (
    <div className="compare-grid num" aria-live="polite">
      <span /><span className="head">{t('credit.was')}</span><span className="head">{t('credit.now')}</span>
      <span>{t('credit.outcome')}</span><span>{outcome(before)}</span><span>{outcome(now)}</span>
      <span>{t('credit.pd')}</span><span>{f.percent(before.pd, 1)}</span><b>{f.percent(now.pd, 1)}</b>
      <span>{t('credit.grade')}</span><span>{before.grade}</span><b>{now.grade}</b>
      <span>{t('credit.amount')}</span><span>{f.money(before.amount)}</span><span>{f.money(now.amount)}</span>
      <span>{t('credit.rate')}</span><span>{f.percent(before.rate, 2)}</span><span>{f.percent(now.rate, 2)}</span>
    </div>
  );
}

function Curve({ input, data, at }: { input: CreditInput; data: WhatIf; at: string }): ReactNode {
  const { t, f, language } = useWords();
  const items = data.items.filter((item): item is CreditVerdict & { column: string; value: string } => item.column === input.name && item.pd !== undefined);
  const column = input_words(input, language);
  const pds = items.map((item) => item.pd);
  const option = (p: Palette) => ({
    xAxis: { type: 'category', data: items.map((item) => plain_name(item.value)), axisLabel: { color: p.text_3, hideOverlap: true }, axisLine: { lineStyle: { color: p.line_2 } }, axisTick: { show: false } },
    yAxis: value_axis(p, (value) => f.percent(value, 0), { min: 0 }),
    tooltip: { valueFormatter: (value: unknown) => (typeof value === 'number' ? f.percent(value, 1) : '–') },
    series: [
      { type: 'line', stack: 'band', showSymbol: false, silent: true, lineStyle: { opacity: 0 }, data: items.map((item) => item.interval[0]), tooltip: { show: false } },
      { type: 'line', stack: 'band', showSymbol: false, silent: true, lineStyle: { opacity: 0 }, areaStyle: { color: p.accent, opacity: 0.16 }, data: items.map((item) => item.interval[1] - item.interval[0]), tooltip: { show: false } },
      { name: t('credit.pd'), type: input.kind === 'category' ? 'scatter' : 'line', symbolSize: input.kind === 'category' ? 9 : 5, itemStyle: { color: p.accent }, lineStyle: { width: 1.6, color: p.accent }, data: pds },
    ],
  });
  return (
    <div>
      <h3>{t('credit.curve', { column })} <span className="fine num">({at === '' ? t('credit.missing') : plain_name(at)})</span></h3>
      <Chart option={option} on={[data, input.name]} height={200} words={t('credit.curve_words', { column, lo: f.percent(Math.min(...pds), 1), hi: f.percent(Math.max(...pds), 1) })} />
    </div>
  );
}

export function WhatIfPanel({ model, values }: { model: CreditModel; values: Values }): ReactNode {
  const { t } = useWords();
  const [now, set_now] = useState<Values>(values);
  const [column, set_column] = useState(model.inputs.find((input) => input.kind === 'number')?.name ?? model.inputs[0]?.name ?? '');
  const input = model.inputs.find((item) => item.name === column);
  const full = (application: Values): Record<string, string> => Object.fromEntries(Object.entries(application).filter(([, value]) => value !== ''));
  const ask = useAction((application: Values, vary: Record<string, string[]>) => post<WhatIf>('/v1/credit/what-if', { model: model.id, application: full(application), vary }));
  const start = useAction(() => post<WhatIf>('/v1/credit/what-if', { model: model.id, application: full(values), vary: {} }));
  const { run } = ask;
  useEffect(() => {
    void start.run();
    // The start is scored once.
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => void run(now, input ? { [input.name]: curve_values(input) } : {}), 120);
    return () => clearTimeout(timer);
  }, [now, column]);
  const problem = ask.problem ?? start.problem;
  return (
    <div className="columns two">
      <Panel title={t('credit.tab_what_if')} aside={<Button tone="quiet" onClick={() => set_now(values)}>{t('credit.reset')}</Button>}>
        <div className="stack">
          <p className="fine">{t('credit.what_if_hint')}</p>
          <div className="sliders">
            {model.inputs.map((item) => (
              <Slider key={item.name} input={item} start={values[item.name] ?? ''} value={now[item.name] ?? ''} selected={item.name === column} onChange={(value) => { set_now({ ...now, [item.name]: value }); }} onCurve={() => set_column(item.name)} />
            ))}
          </div>
        </div>
      </Panel>
      <Panel title={t('credit.verdict')}>
        <div className="stack">
          {problem && <Failure problem={problem} />}
          {ask.data && start.data && <Compare before={start.data.base} now={ask.data.base} />}
          {ask.data && input && ask.data.items.length > 0 && <Curve input={input} data={ask.data} at={now[input.name] ?? ''} />}
        </div>
      </Panel>
    </div>
  );
}
