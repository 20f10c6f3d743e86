// SPDX-License-Identifier: Apache-2.0
// The price of an instrument with the risk signals of the same days on it.
import { useMemo, type ReactNode } from 'react';
import { with_query } from '../api/client';
import { risks, type Instrument, type PriceSeries, type Signal } from '../api/types';
import { time_axis, value_axis, type Palette } from '../charts/palette';
import { useWords } from '../lib/language';
import { useList, useResource } from '../lib/resource';
import { go } from '../lib/router';
import { excerpt } from '../lib/spans';
import { Failure, Loading, Panel } from '../ui/basic';
import { Chart, Legend } from '../ui/chart';

interface Mark {
  date: string;
  close: number;
  signal: Signal;
}

/** Each signal on the first session that could know it: the first date of the series on or after its day. */
function marks_of(series: PriceSeries['series'], signals: readonly Signal[]): Mark[] {
  const marks: Mark[] = [];
  for (const signal of signals) {
    const day = (signal.document.published_at || signal.created_at).slice(0, 10);
    const session = series.find((point) => point.date >= day);
    if (session && (series[0]?.date ?? '') <= day) marks.push({ date: session.date, close: session.close, signal });
  }
  return marks;
}

export function PricePanel({ instrument, from, entity }: { instrument: Instrument; from: string; entity: string }): ReactNode {
  const { t, f, name } = useWords();
  const { data, problem, reload } = useResource<PriceSeries>(with_query(`/v1/prices/${encodeURIComponent(instrument.id)}`, { from, max_points: 1200 }));
  const first = data?.series[0]?.date ?? '';
  const last = data?.series.at(-1)?.date ?? '';
  const signals = useList<Signal>(first === '' ? null : with_query('/v1/signals', { entity, from: first, to: last, limit: 500 }));
  const marks = useMemo(() => marks_of(data?.series ?? [], signals.items), [data, signals.items]);
  if (problem) return <Panel title={t('markets.price')}><Failure problem={problem} retry={reload} /></Panel>;
  if (data === null) return <Panel title={t('markets.price')}><Loading lines={6} /></Panel>;
  const option = (p: Palette) => ({
    xAxis: { ...time_axis(p, data.series.map((point) => point.date), (date) => f.date(date)), boundaryGap: false },
    yAxis: value_axis(p, (value) => f.count(value), { scale: true }),
    dataZoom: [{ type: 'inside', zoomOnMouseWheel: 'ctrl' }],
    tooltip: {
      formatter: (points: { seriesType: string; name: string; value: unknown; dataIndex: number }[]) => {
        const head = points[0] ? f.date(points[0].name) : '';
        const close = points.find((point) => point.seriesType === 'line');
        const day = points[0]?.name;
        const lines = marks.filter((mark) => mark.date === day).slice(0, 4).map((mark) => `${name('risk', mark.signal.risk)} ${f.percent(mark.signal.probability)} · ${escape_html(excerpt(mark.signal.document.title || mark.signal.document.text, 60))}`);
        return [`<b>${head}</b>`, close ? f.number(Number(close.value), 2) : '', ...lines].filter((line) => line !== '').join('<br>');
      },
    },
    series: [
      { name: t('markets.close'), type: 'line', showSymbol: false, lineStyle: { width: 1.4, color: p.accent }, itemStyle: { color: p.accent }, data: data.series.map((point) => point.close) },
      {
        name: 'signal', type: 'scatter', symbolSize: (_: unknown, params: { dataIndex: number }) => 7 + 2 * (marks[params.dataIndex]?.signal.severity ?? 0),
        data: marks.map((mark) => ({ value: [mark.date, mark.close], itemStyle: { color: p.risk(mark.signal.risk), borderColor: p.surface, borderWidth: 1 } })),
      },
    ],
  });
  const seen = risks.filter((risk) => marks.some((mark) => mark.signal.risk === risk));
  return (
    <Panel
      title={<>{t('markets.price')} <span className="fine num">{f.date(first)} – {f.date(last)}</span></>}
      aside={<Legend items={[{ color: 'var(--accent)', words: t('markets.close'), line: true }, ...seen.map((risk) => ({ color: `var(--risk-${risk})`, words: name('risk', risk) }))]} />}
    >
      <Chart
        option={option}
        on={[data, marks]}
        height={280}
        words={t('markets.price_words', { id: instrument.id, first: f.date(first), last: f.date(last), n: marks.length })}
        onPoint={(event) => {
          const mark = event.seriesName === 'signal' ? marks[event.dataIndex] : undefined;
          if (mark) go(`/signals/${mark.signal.id}`);
        }}
      />
    </Panel>
  );
}

/** Chart tooltips are HTML: text from outside is made harmless first. */
export function escape_html(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
