// SPDX-License-Identifier: Apache-2.0
// The probability of at least one event of each Basel type within a horizon.
import { useState, type FormEvent, type ReactNode } from 'react';
import { post } from '../api/client';
import type { EventProbability } from '../api/types';
import { useWords } from '../lib/language';
import { useAction, useList } from '../lib/resource';
import { go } from '../lib/router';
import { useSession } from '../lib/session';
import { Button, Failure, Field, Panel, Probability } from '../ui/basic';
import { ListTable } from '../ui/table';

export function EventsTab(): ReactNode {
  const { t, f, name } = useWords();
  const { may } = useSession();
  const list = useList<EventProbability>('/v1/operations/event-probabilities');
  const [horizon, set_horizon] = useState('30');
  const [signals, set_signals] = useState(false);
  const compute = useAction(async () => {
    await post('/v1/operations/events', { horizon_days: Number(horizon), signals });
    list.reload();
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void compute.run();
  };
  return (
    <Panel
      title={t('operations.event_title')}
      aside={
        <form className="row" onSubmit={submit}>
          <Field label={t('operations.horizon')} inline>
            {(id) => <input id={id} className="input short" type="number" min={1} max={366} value={horizon} onChange={(event) => set_horizon(event.target.value)} />}
          </Field>
          <label className="check"><input type="checkbox" checked={signals} onChange={(event) => set_signals(event.target.checked)} />{t('operations.use_signals')}</label>
          <Button type="submit" tone="main" busy={compute.busy} disabled={!may('analyst')}>{t('operations.run_events')}</Button>
        </form>
      }
      flush
    >
      {compute.problem && <Failure problem={compute.problem} />}
      <ListTable
        label={t('operations.event_title')}
        list={list}
        row_key={(row) => row.decision_id}
        onOpen={(row) => go(`/decisions/${row.decision_id}`)}
        empty={t('operations.no_events')}
        empty_hint={t('operations.no_events_hint')}
        columns={[
          { head: t('operations.type'), cell: (row) => <b>{name('basel', row.type)}</b> },
          { head: t('operations.probability'), wide: true, cell: (row) => <Probability value={row.probability} interval={row.interval} digits={1} wide /> },
          { head: t('operations.model'), cell: (row) => row.model },
          { head: t('operations.computed'), cell: (row) => <span className="nowrap">{f.short_time(row.created_at)}</span> },
        ]}
      />
    </Panel>
  );
}
