// SPDX-License-Identifier: Apache-2.0
// What the risk team sees first: key figures, risk over time, who is concerned, what is critical. New signals arrive live.
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { post, with_query } from '../api/client';
import type { Alert, Overview, Signal } from '../api/types';
import { time_axis, value_axis, type Palette } from '../charts/palette';
import { useWords } from '../lib/language';
import { useLive } from '../lib/live';
import { useList, useResource } from '../lib/resource';
import { go, Link, set_query, usePlace } from '../lib/router';
import { useSession } from '../lib/session';
import { excerpt } from '../lib/spans';
import { AlertTitle, Button, Empty, Failure, Loading, Panel, Probability, RiskTag, Segments, Severity } from '../ui/basic';
import { Chart, Legend } from '../ui/chart';
import type { Word } from '../words';
import { AddDocument } from './add_document';

const ranges = ['30', '90', '365', 'all'] as const;
type Range = (typeof ranges)[number];

function days_before(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
}

function overview_path(range: Range): string {
  const bucket = range === '30' ? 'day' : range === '90' ? 'week' : 'month';
  return with_query('/v1/overview', range === 'all' ? { entities: 12 } : { from: days_before(Number(range)), bucket, entities: 12 });
}

const figures: readonly (readonly [string, Word, string])[] = [
  ['documents', 'overview.documents', '/signals'],
  ['signals', 'overview.signals', '/signals'],
  ['alerts_open', 'overview.alerts_open', '/operations?tab=alerts'],
  ['cases_open', 'overview.cases_open', '/operations?tab=cases'],
  ['decisions', 'overview.decisions', '/audit?tab=decisions'],
];

function KeyFigures({ counts }: { counts: Overview['counts'] }): ReactNode {
  const { t, f } = useWords();
  return (
    <section className="figures panel" aria-label={t('overview.key')}>
      {figures.map(([key, word, to]) => (
        <Link key={key} to={to} className="figure">
          <span className="figure-value num">{f.count(counts[key])}</span>
          <span className="figure-name">{t(word)}</span>
        </Link>
      ))}
    </section>
  );
}

function OverTime({ data }: { data: Overview }): ReactNode {
  const { t, f, name } = useWords();
  const total = data.series.reduce((sum, row) => sum + Object.values(row.counts).reduce((a, b) => a + b, 0), 0);
  const option = (p: Palette) => ({
    xAxis: time_axis(p, data.series.map((row) => row.bucket), (date) => f.date(date)),
    yAxis: value_axis(p, (value) => f.count(value), { minInterval: 1 }),
    series: data.risks.map((risk) => ({
      name: name('risk', risk), type: 'bar', stack: 'risk', barMaxWidth: 26, itemStyle: { color: p.risk(risk) },
      data: data.series.map((row) => row.counts[risk] ?? 0),
    })),
  });
  return (
    <>
      <Legend items={data.risks.map((risk) => ({ color: `var(--risk-${risk})`, words: name('risk', risk) }))} />
      <Chart option={option} on={[data]} height={252} words={t('overview.over_time_words', { n: data.series.length, total })} />
    </>
  );
}

function Shares({ group, order, values }: { group: string; order: readonly string[]; values: Readonly<Record<string, number>> }): ReactNode {
  const { f, name } = useWords();
  const total = Math.max(1, Object.values(values).reduce((a, b) => a + b, 0));
  return (
    <ul className="shares">
      {order.map((key) => (
        <li key={key}>
          <span>{name(group, key)}</span>
          <span className="track" aria-hidden="true">
            <span className={`fill share-${key}`} style={{ width: `${((values[key] ?? 0) / total) * 100}%` }} />
          </span>
          <span className="num">{f.count(values[key] ?? 0)}</span>
          <span className="num fine">{f.percent((values[key] ?? 0) / total)}</span>
        </li>
      ))}
    </ul>
  );
}

function HeatMap({ data }: { data: Overview }): ReactNode {
  const { t, f, name } = useWords();
  const cells = useMemo(() => new Map(data.heat.cells.map((cell) => [`${cell.entity}|${cell.risk}`, cell])), [data]);
  const most = Math.max(1, ...data.heat.cells.map((cell) => cell.signals));
  if (data.heat.entities.length === 0) return <Empty title={t('overview.no_entities')} />;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={t('overview.heat')}>
      <table className="heat">
        <thead>
          <tr>
            <th scope="col">{t('overview.entity')}</th>
            {data.risks.map((risk) => <th key={risk} scope="col">{name('risk', risk)}</th>)}
          </tr>
        </thead>
        <tbody>
          {data.heat.entities.map((entity) => (
            <tr key={entity}>
              <th scope="row"><Link to={with_query('/signals', { entity })} title={entity}>{entity}</Link></th>
              {data.risks.map((risk) => {
                const cell = cells.get(`${entity}|${risk}`);
                if (!cell || cell.signals === 0) return <td key={risk} className="heat-none">·</td>;
                // Shades between 0.5 and 0.85 would be too weak against either colour of the figure.
                const share = cell.signals / most;
                const strength = share > 0.8 ? 0.92 : 0.08 + 0.5 * share;
                return (
                  <td key={risk}>
                    <Link
                      to={with_query('/signals', { entity, risk })}
                      className={strength > 0.5 ? 'heat-cell strong' : 'heat-cell'}
                      style={{ background: `rgba(var(--heat), ${strength.toFixed(2)})` }}
                      aria-label={t('overview.cell', { entity, risk: name('risk', risk), n: cell.signals, p: f.percent(cell.max_probability) })}
                    >
                      {cell.signals}
                      {cell.max_severity >= 3 && <span className="heat-critical" aria-hidden="true" />}
                    </Link>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CriticalList({ signals, fresh }: { signals: Signal[]; fresh: ReadonlySet<string> }): ReactNode {
  const { t, f } = useWords();
  if (signals.length === 0) return <Empty title={t('overview.no_critical')} />;
  return (
    <ul className="feed">
      {signals.map((signal) => (
        <li key={signal.id} className={fresh.has(signal.id) ? 'fresh' : undefined}>
          <Link to={`/signals/${signal.id}`} className="feed-title">{excerpt(signal.document.title || signal.document.text, 96)}</Link>
          <div className="feed-line">
            <Severity value={signal.severity} />
            <RiskTag risk={signal.risk} />
            <Probability value={signal.probability} interval={signal.interval} />
            <span className="fine">{f.short_time(signal.document.published_at ?? signal.created_at)}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Alerts(): ReactNode {
  const { t, f } = useWords();
  const { may } = useSession();
  const list = useList<Alert>('/v1/alerts?status=open&limit=6');
  useLive<Alert>('alert', (alert) => list.change((items) => [alert, ...items.filter((item) => item.id !== alert.id)].filter((item) => item.status === 'open').slice(0, 6)));
  const act = async (path: string, then?: (answer: { id?: string }) => void): Promise<void> => {
    const answer = await post<{ id?: string }>(path).catch(() => ({}));
    list.reload();
    then?.(answer);
  };
  if (list.problem) return <Failure problem={list.problem} retry={list.reload} />;
  if (list.items.length === 0) return list.loading ? <Loading lines={2} /> : <Empty title={t('overview.no_alerts')}>{t('overview.no_alerts_hint')}</Empty>;
  return (
    <ul className="feed">
      {list.items.map((alert) => (
        <li key={alert.id}>
          <Link to={alert.kind === 'signal' ? `/signals/${alert.subject_id}` : `/decisions/${alert.subject_id}`} className="feed-title"><AlertTitle title={excerpt(alert.title, 110)} /></Link>
          <div className="feed-line">
            <Severity value={alert.severity} />
            <span className="fine">{f.short_time(alert.created_at)}</span>
            {may('analyst') && (
              <span className="feed-actions">
                <Button tone="quiet" onClick={() => void act(`/v1/alerts/${alert.id}/acknowledge`)}>{t('alert.acknowledge')}</Button>
                <Button tone="quiet" onClick={() => void act(`/v1/alerts/${alert.id}/case`, (answer) => answer.id && go(with_query('/operations', { tab: 'cases', case: answer.id })))}>{t('alert.open_case')}</Button>
              </span>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

export default function OverviewPage(): ReactNode {
  const { t } = useWords();
  const { query } = usePlace();
  const asked = query.get('range');
  const range = ranges.find((known) => known === asked) ?? 'all';
  const { data, problem, reload } = useResource<Overview>(overview_path(range));
  const [fresh, set_fresh] = useState<ReadonlySet<string>>(new Set());
  const [arrived, set_arrived] = useState<readonly Signal[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  // A signal counts and shows at once; the whole picture is read again after a burst. The server draws it at most once a second.
  useLive<Signal>('signal', (signal) => {
    set_fresh((old) => new Set([...old, signal.id].slice(-200)));
    set_arrived((old) => [signal, ...old.filter((item) => item.id !== signal.id)]);
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = setTimeout(reload, 1200);
  });
  useEffect(() => set_arrived([]), [data]);
  useEffect(() => () => {
    if (timer.current !== null) clearTimeout(timer.current);
  }, []);
  if (problem) return <Failure problem={problem} retry={reload} />;
  if (data === null) return <Loading lines={8} />;
  if (data.counts['documents'] === 0) {
    return (
      <div className="stack">
      <Panel>
        <Empty title={t('overview.empty')}>
          <p>{t('overview.empty_hint')}</p>
          <p><code>ballast scan news.csv --store sqlite:ballast.db</code></p>
        </Empty>
      </Panel>
      <AddDocument done={reload} />
      </div>
    );
  }
  const bucket = t(`overview.${data.bucket === 'day' || data.bucket === 'week' ? data.bucket : 'month'}`);
  return (
    <div className="stack">
      <KeyFigures counts={{ ...data.counts, signals: (data.counts['signals'] ?? 0) + arrived.length }} />
      <div className="columns main-side">
        <div className="stack">
          <Panel
            title={<>{t('overview.over_time')} <span className="fine">{t('overview.per', { bucket })}</span></>}
            aside={<Segments label={t('overview.range')} value={range} onChange={(value) => set_query({ range: value === 'all' ? null : value })} options={ranges.map((key) => [key, t(`overview.${key}`)] as const)} />}
          >
            <OverTime data={data} />
          </Panel>
          <Panel title={t('overview.heat')} aside={<span className="fine">{t('overview.heat_note')}</span>} flush>
            <HeatMap data={data} />
          </Panel>
        </div>
        <div className="stack">
          <Panel title={t('overview.critical')} flush>
            <CriticalList signals={[...arrived.filter((signal) => signal.severity >= 3), ...data.newest_critical].slice(0, 10)} fresh={fresh} />
          </Panel>
          <Panel title={t('overview.alerts')} flush>
            <Alerts />
          </Panel>
          <Panel title={t('overview.severity')}>
            <Shares group="severity" order={['critical', 'material', 'watch', 'none']} values={data.severity} />
          </Panel>
          <Panel title={t('overview.sentiment')}>
            <Shares group="sentiment" order={['negative', 'neutral', 'positive']} values={data.sentiment} />
          </Panel>
        </div>
      </div>
    </div>
  );
}
