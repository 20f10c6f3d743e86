// SPDX-License-Identifier: Apache-2.0
// The fairness audit that training made: groups at the cut-off, approval over every cut-off, calibration within groups.
import { useState, type ReactNode } from 'react';
import type { CreditModel, Fairness, FairnessAudit } from '../api/types';
import { value_axis, type Palette } from '../charts/palette';
import { plain_name } from '../lib/format';
import { useWords } from '../lib/language';
import { useResource } from '../lib/resource';
import { Badge, Empty, Failure, Loading, Panel, Segments } from '../ui/basic';
import { Chart, Legend } from '../ui/chart';
import { Table } from '../ui/table';

function nearest(audit: FairnessAudit, cut_off: number): FairnessAudit['thresholds'][number] | undefined {
  return [...audit.thresholds].sort((a, b) => Math.abs(a.threshold - cut_off) - Math.abs(b.threshold - cut_off))[0];
}

const lines = ['risk-market', 'risk-credit', 'risk-liquidity', 'risk-operational', 'risk-policy', 'risk-business'];

function ApprovalCurve({ audit, cut_off }: { audit: FairnessAudit; cut_off: number }): ReactNode {
  const { t, f } = useWords();
  const groups = (audit.thresholds[0]?.groups ?? []).map((group) => group.group);
  const rows = [...audit.thresholds].sort((a, b) => a.threshold - b.threshold);
  const last = Math.min(1, Math.ceil((rows.at(-1)?.threshold ?? 1) * 10) / 10);
  const option = (p: Palette) => ({
    xAxis: { type: 'value', min: 0, max: last, axisLabel: { color: p.text_3, formatter: (value: number) => f.percent(value, 0) }, splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: p.line_2 } } },
    yAxis: value_axis(p, (value) => f.percent(value, 0), { min: 0, max: 1 }),
    tooltip: { valueFormatter: (value: unknown) => (typeof value === 'number' ? f.percent(value, 1) : '–') },
    series: groups.map((group, i) => ({
      name: group, type: 'line', showSymbol: false, lineStyle: { width: 1.6, color: p.risk((lines[i % lines.length] ?? '').slice(5)) }, itemStyle: { color: p.risk((lines[i % lines.length] ?? '').slice(5)) },
      data: rows.map((row) => [row.threshold, row.groups.find((item) => item.group === group)?.approval_rate ?? null]),
      ...(i === 0 ? { markLine: { silent: true, symbol: 'none', label: { show: false }, lineStyle: { color: p.text_3, type: 'dashed' }, data: [{ xAxis: cut_off }] } } : {}),
    })),
  });
  return (
    <>
      <Legend items={groups.map((group, i) => ({ color: `var(--${lines[i % lines.length]})`, words: group, line: true }))} />
      <Chart option={option} on={[audit, cut_off]} height={220} words={t('credit.approval_words', { n: groups.length })} />
    </>
  );
}

function Audit({ audit, data }: { audit: FairnessAudit; data: Fairness }): ReactNode {
  const { t, f } = useWords();
  const row = nearest(audit, data.cut_off);
  return (
    <div className="columns two">
      <Panel title={t('credit.at_cut_off', { value: f.percent(row?.threshold ?? data.cut_off, 1) })} flush>
        <Table
          label={t('credit.tab_fairness')}
          rows={row?.groups ?? []}
          row_key={(group) => group.group}
          columns={[
            { head: t('credit.group'), cell: (group) => <><b className="nowrap">{group.group}</b>{group.judged === false && <p className="fine">{t('credit.limit_small')}</p>}</> },
            { head: t('credit.rows'), numeric: true, cell: (group) => f.count(group.rows) },
            { head: t('credit.approval'), numeric: true, cell: (group) => f.percent(group.approval_rate, 1) },
            { head: t('credit.impact'), numeric: true, cell: (group) => f.number(group.adverse_impact, 2) },
            { head: t('credit.opportunity'), numeric: true, cell: (group) => f.percent(group.opportunity, 1) },
            { head: t('credit.gap'), numeric: true, cell: (group) => f.percent(group.opportunity_gap, 1) },
          ]}
        />
      </Panel>
      <Panel title={t('credit.approval_curve')}><ApprovalCurve audit={audit} cut_off={data.cut_off} /></Panel>
      {audit.calibration && audit.calibration.length > 0 && (
        <Panel title={t('credit.calibration')} flush>
          <Table
            label={t('credit.calibration')}
            rows={audit.calibration}
            row_key={(group) => group.group}
            columns={[
              { head: t('credit.group'), wide: true, cell: (group) => <b>{group.group}</b> },
              { head: t('credit.rows'), numeric: true, cell: (group) => f.count(group.rows) },
              { head: t('credit.mean_pd'), numeric: true, cell: (group) => f.percent(group.mean_pd, 1) },
              { head: t('credit.observed'), numeric: true, cell: (group) => f.percent(group.observed, 1) },
              { head: t('markets.p_value'), numeric: true, cell: (group) => <>{f.number(group.p_value, 3)} {group.p_value < 0.05 && <Badge tone="material">!</Badge>}</> },
            ]}
          />
        </Panel>
      )}
    </div>
  );
}

export function FairnessPanel({ model }: { model: CreditModel }): ReactNode {
  const { t } = useWords();
  const { data, problem, reload } = useResource<Fairness>(`/v1/credit/models/${encodeURIComponent(model.id)}/fairness`);
  const [column, set_column] = useState('');
  if (problem) return <Failure problem={problem} retry={reload} />;
  if (data === null) return <Loading lines={6} />;
  const audit = data.items.find((item) => item.column === column) ?? data.items[0];
  if (!audit) return <Panel><Empty title={t('credit.no_protected')}>{t('credit.no_protected_hint')}</Empty></Panel>;
  return (
    <div className="stack">
      {data.breaches.length > 0 ? (
        <div className="note warn">{data.breaches.map((text) => <p key={text}>{text}</p>)}</div>
      ) : (
        <p className={data.limit ? 'note good' : 'note'}>{data.limit ? t('credit.no_breach') : t('credit.no_limit')}</p>
      )}
      {data.items.length > 1 && <div><Segments label={t('credit.group')} value={audit.column} onChange={set_column} options={data.items.map((item) => [item.column, plain_name(item.column)] as const)} /></div>}
      <Audit audit={audit} data={data} />
    </div>
  );
}
