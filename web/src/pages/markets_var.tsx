// SPDX-License-Identifier: Apache-2.0
// Value at risk of an instrument, back-tested: exceptions, traffic light, tests in words.
import { useState, type FormEvent, type ReactNode } from 'react';
import { post } from '../api/client';
import type { Instrument, TestValue, VarBacktest } from '../api/types';
import { time_axis, value_axis, type Palette } from '../charts/palette';
import { useWords } from '../lib/language';
import { useAction } from '../lib/resource';
import { Link } from '../lib/router';
import { useSession } from '../lib/session';
import { Badge, Button, Facts, Failure, Field, Panel } from '../ui/basic';
import { Chart, Legend } from '../ui/chart';
import { Table } from '../ui/table';

const methods = ['filtered', 'historical', 'normal', 't', 'evt'] as const;
const shown_days = 750;  // more than three years are too dense to tell exceptions apart

function VarChart({ data, instrument }: { data: VarBacktest; instrument: Instrument }): ReactNode {
  const { t, f } = useWords();
  const series = data.series.slice(-shown_days);
  const option = (p: Palette) => ({
    xAxis: time_axis(p, series.map((day) => day.date), (date) => f.date(date)),
    yAxis: value_axis(p, (value) => f.percent(value, 0)),
    dataZoom: [{ type: 'inside', zoomOnMouseWheel: 'ctrl' }],
    tooltip: { valueFormatter: (value: unknown) => (typeof value === 'number' ? f.percent(value, 2) : '–') },
    series: [
      { name: t('markets.return'), type: 'bar', barCategoryGap: '10%', itemStyle: { color: p.line_2 }, data: series.map((day) => day.return) },
      { name: 'VaR', type: 'line', step: 'middle', showSymbol: false, lineStyle: { width: 1.3, color: p.accent }, itemStyle: { color: p.accent }, data: series.map((day) => -day.var) },
      { name: t('markets.exception'), type: 'scatter', symbolSize: 7, itemStyle: { color: p.critical }, data: series.map((day) => (day.exception ? day.return : null)) },
    ],
  });
  return (
    <>
      <Legend items={[
        { color: 'var(--line-2)', words: t('markets.return') }, { color: 'var(--accent)', words: `−VaR ${f.percent(data.level, 1)}`, line: true },
        { color: 'var(--critical)', words: t('markets.exception') },
      ]} />
      <Chart option={option} on={[data]} height={230} words={t('markets.var_words', { id: instrument.id, n: data.tests.exceptions, days: data.tests.days })} />
    </>
  );
}

function TrafficLight({ zone, exceptions }: { zone: string; exceptions: number }): ReactNode {
  const { t, name } = useWords();
  return (
    <div className="traffic">
      <span className="traffic-light" aria-hidden="true">
        {['green', 'yellow', 'red'].map((light) => <span key={light} className={light === zone ? `${light} on` : light} />)}
      </span>
      <span className="traffic-word">{name('zone', zone)}</span>
      <span className="dim">{t('markets.traffic_text', { n: exceptions })}</span>
    </div>
  );
}

function Tests({ data }: { data: VarBacktest }): ReactNode {
  const { t, f } = useWords();
  const rows: (readonly [string, TestValue | undefined])[] = [
    [t('markets.kupiec'), data.tests.kupiec], [t('markets.independence'), data.tests.christoffersen.independence],
    [t('markets.joint'), data.tests.christoffersen.joint], [t('markets.acerbi'), data.tests.acerbi_szekely],
  ];
  return (
    <Table
      label={t('markets.test')}
      rows={rows.filter((row): row is readonly [string, TestValue] => row[1] !== undefined)}
      row_key={(row) => row[0]}
      columns={[
        { head: t('markets.test'), wide: true, cell: (row) => row[0] },
        { head: t('markets.statistic'), numeric: true, cell: (row) => f.number(row[1].statistic, 2) },
        { head: t('markets.p_value'), numeric: true, cell: (row) => f.number(row[1].p_value, 3) },
        { head: t('markets.reading'), cell: (row) => row[1].p_value !== null && (row[1].p_value < 0.05 ? <Badge tone="critical">{t('markets.reading_bad')}</Badge> : <Badge tone="good">{t('markets.reading_ok')}</Badge>) },
      ]}
    />
  );
}

export function VarPanel({ instrument }: { instrument: Instrument }): ReactNode {
  const { t, f } = useWords();
  const { may } = useSession();
  const [level, set_level] = useState('0.99');
  const [window_days, set_window] = useState('250');
  const [method, set_method] = useState<string>('filtered');
  const run = useAction(() => post<VarBacktest>('/v1/forecasts/var', { instrument: instrument.id, level: Number(level), window: Number(window_days), method }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void run.run();
  };
  const data = run.data;
  return (
    <Panel title={t('markets.var_title')} aside={data?.decision_id && <Link to={`/decisions/${data.decision_id}`} className="button quiet">{t('credit.decision_id')}</Link>}>
      <div className="stack">
        <form className="form-grid tight" onSubmit={submit}>
          <Field label={t('markets.level')}>
            {(id) => <select id={id} className="select" value={level} onChange={(event) => set_level(event.target.value)}>{['0.95', '0.975', '0.99'].map((value) => <option key={value} value={value}>{f.percent(Number(value), 1)}</option>)}</select>}
          </Field>
          <Field label={t('markets.window')}>
            {(id) => <input id={id} className="input" type="number" min={50} max={5000} value={window_days} onChange={(event) => set_window(event.target.value)} />}
          </Field>
          <Field label={t('markets.method')}>
            {(id) => <select id={id} className="select" value={method} onChange={(event) => set_method(event.target.value)}>{methods.map((value) => <option key={value} value={value}>{t(`method.${value}`)}</option>)}</select>}
          </Field>
          <Button type="submit" tone="main" busy={run.busy} disabled={!may('analyst')}>{t('markets.run_var')}</Button>
        </form>
        {run.problem && <Failure problem={run.problem} />}
        {data && (
          <>
            <VarChart data={data} instrument={instrument} />
            <div>
              <p className="label">{t('markets.traffic', { days: data.tests.traffic_light.days })}</p>
              <TrafficLight zone={data.tests.traffic_light.zone} exceptions={data.tests.traffic_light.exceptions} />
            </div>
            <Facts items={[
              [t('markets.exceptions'), t('markets.of_days', { n: data.tests.exceptions, days: f.count(data.tests.days), expected: f.number(data.tests.days * (1 - data.level), 1) })],
              !!data.next && [t('markets.var_next'), f.percent(data.next?.var, 2)],
              !!data.next && [t('markets.es_next'), f.percent(data.next?.es, 2)],
            ]} />
          </>
        )}
      </div>
      {data && <div className="panel-table"><Tests data={data} /></div>}
    </Panel>
  );
}
