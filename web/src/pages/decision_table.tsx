// SPDX-License-Identifier: Apache-2.0
// A table of decisions, used by every desk and by the audit page.
import type { ReactNode } from 'react';
import type { Decision, Json } from '../api/types';
import { useWords } from '../lib/language';
import type { PagedList } from '../lib/resource';
import { go } from '../lib/router';
import { Badge, Probability, type Tone } from '../ui/basic';
import { ListTable } from '../ui/table';

const tones: Readonly<Record<string, Tone>> = {
  approve: 'good', pass: 'good', buy: 'good', decline: 'critical', block: 'critical', sell: 'critical', refer: 'material', review: 'material',
};

/** The word of an outcome: outcomes are a word, or an object that holds it. */
export function outcome_word(outcome: Json): string | null {
  if (typeof outcome === 'string') return outcome;
  if (outcome !== null && typeof outcome === 'object' && !Array.isArray(outcome)) {
    const fields = outcome as Readonly<Record<string, Json>>;
    for (const key of ['outcome', 'advice', 'action', 'verdict', 'level', 'urgency', 'zone']) {
      const value = fields[key];
      if (typeof value === 'string') return value;
    }
  }
  return null;
}

export function OutcomeBadge({ outcome }: { outcome: Json }): ReactNode {
  const { name } = useWords();
  const word = outcome_word(outcome);
  return word ? <Badge tone={tones[word] ?? 'none'}>{name('outcome', word)}</Badge> : null;
}

export function DecisionTable({ list, empty, hint }: { list: PagedList<Decision>; empty?: string; hint?: string }): ReactNode {
  const { t, f, name } = useWords();
  return (
    <ListTable
      label={t('audit.tab_decisions')}
      list={list}
      row_key={(decision) => decision.id}
      onOpen={(decision) => go(`/decisions/${decision.id}`)}
      empty={empty ?? t('audit.no_decisions')}
      empty_hint={hint ?? t('audit.no_decisions_hint')}
      columns={[
        { head: t('audit.at'), cell: (decision) => <span className="nowrap">{f.short_time(decision.created_at)}</span> },
        { head: t('audit.kind'), cell: (decision) => name('kind', decision.kind) },
        { head: t('audit.subject'), wide: true, cell: (decision) => <span className="wrap-any">{decision.subject}</span> },
        { head: t('audit.outcome'), cell: (decision) => (outcome_word(decision.outcome) || decision.override) && <span className="row"><OutcomeBadge outcome={decision.outcome} />{decision.override && <Badge tone="accent">{name('status', decision.override.status)}</Badge>}</span> },
        { head: t('audit.probability'), cell: (decision) => typeof decision.probability === 'number' && <Probability value={decision.probability} interval={decision.interval} digits={1} /> },
        { head: t('decision.model'), cell: (decision) => decision.model && <span className="fine wrap-any">{decision.model}</span> },
      ]}
    />
  );
}
