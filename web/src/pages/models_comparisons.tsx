// SPDX-License-Identifier: Apache-2.0
// Each comparison of the language model with the traditional methods: figures with intervals, cost, the verdict in words.
import type { ReactNode } from 'react';
import type { Decision, Interval } from '../api/types';
import { useWords } from '../lib/language';
import { plain_name } from '../lib/format';
import { useList } from '../lib/resource';
import { Link } from '../lib/router';
import { Badge, Button, Empty, Failure, Loading, Panel, type Tone } from '../ui/basic';
import { Table } from '../ui/table';

interface Method {
  name: string;
  family: string;
  note?: string;
  measures: Readonly<Record<string, { value: number | null; interval_95: Interval }>>;
  calibration?: { ece: number; ece_chance_95: number; fine: boolean };
  model_bytes?: number;
}

export interface ComparisonOutcome {
  task: string;
  rows: number;
  decides: string;
  measures: { name: string; higher_is_better: boolean }[];
  methods: Method[];
  verdict: { outcome: string; take: string; en: string; zh: string };
}

export function as_comparison(outcome: unknown): ComparisonOutcome | null {
  return typeof outcome === 'object' && outcome !== null && 'methods' in outcome && 'verdict' in outcome && 'decides' in outcome ? (outcome as ComparisonOutcome) : null;
}

const winners: Readonly<Record<string, Tone>> = { language_model: 'accent', traditional: 'material', undecided: 'none' };

export function ComparisonView({ data }: { data: ComparisonOutcome }): ReactNode {
  const { t, f, name, language } = useWords();
  const measures = data.measures.slice(0, 4);
  const decides = data.measures.find((measure) => measure.name === data.decides);
  const values = data.methods.map((method) => method.measures[data.decides]?.value ?? null).filter((value): value is number => value !== null);
  const best = decides?.higher_is_better ? Math.max(...values) : Math.min(...values);
  return (
    <>
      <div className="comparison-verdict">
        <Badge tone={winners[data.verdict.outcome] ?? 'none'}>{name('winner', data.verdict.outcome)}</Badge>
        <p>{data.verdict[language]}</p>
      </div>
      <Table
        label={data.task}
        rows={data.methods}
        row_key={(method) => method.name}
        selected={(method) => method.name === data.verdict.take}
        columns={[
          { head: t('models.method'), wide: true, cell: (method) => <><b>{method.name}</b><p className="fine">{name('family', method.family)}</p></> },
          ...measures.map((measure) => ({
            head: `${plain_name(measure.name)}${measure.name === data.decides ? ' ★' : ''} ${measure.higher_is_better ? '↑' : '↓'}`,
            numeric: true,
            cell: (method: Method) => {
              const item = method.measures[measure.name];
              if (!item) return '–';
              const text = f.number(item.value, 3);
              return (
                <>
                  {measure.name === data.decides && item.value === best ? <b>{text}</b> : text}
                  <p className="fine">{f.number(item.interval_95[0], 3)} – {f.number(item.interval_95[1], 3)}</p>
                </>
              );
            },
          })),
          { head: t('models.ece'), numeric: true, cell: (method) => method.calibration && <>{f.number(method.calibration.ece, 3)} {!method.calibration.fine && <Badge tone="material">!</Badge>}</> },
        ]}
      />
    </>
  );
}

export function ComparisonsTab(): ReactNode {
  const { t, f, name } = useWords();
  const list = useList<Decision>('/v1/comparisons');
  if (list.problem) return <Failure problem={list.problem} retry={list.reload} />;
  if (list.items.length === 0) {
    return list.loading ? <Loading lines={6} /> : <Panel><Empty title={t('models.no_comparison')}><p>{t('models.no_comparison_hint')}</p></Empty></Panel>;
  }
  return (
    <div className="stack">
      {list.items.map((decision) => {
        const data = as_comparison(decision.outcome);
        return data && (
          <Panel
            key={decision.id}
            title={<>{name('kind', data.task)} <span className="fine">{decision.subject}</span></>}
            aside={<><span className="fine">{f.date(decision.created_at)}</span><Link to={`/decisions/${decision.id}`} className="button quiet">{t('credit.decision_id')}</Link></>}
            flush
          >
            <ComparisonView data={data} />
          </Panel>
        );
      })}
      {list.more && <div className="more"><Button onClick={list.load_more} busy={list.loading}>{t('action.more')}</Button></div>}
    </div>
  );
}
