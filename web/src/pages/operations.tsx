// SPDX-License-Identifier: Apache-2.0
// Operations: what may happen, what the logs and transactions show, alerts, and the cases people work on.
import type { ReactNode } from 'react';
import { post, with_query } from '../api/client';
import type { Alert, Case, Loss } from '../api/types';
import { useWords } from '../lib/language';
import { useLive } from '../lib/live';
import { useAction, useList } from '../lib/resource';
import { go, Link, set_query, usePlace } from '../lib/router';
import { useSession } from '../lib/session';
import { AlertTitle, Badge, Button, Failure, Panel, Segments, Severity, Tabs } from '../ui/basic';
import { CsvLink, ListTable } from '../ui/table';
import { CasesTab } from './operations_cases';
import { EventsTab } from './operations_events';
import { LogsTab } from './operations_logs';
import { TransactionsTab } from './operations_transactions';

const tabs = ['events', 'logs', 'transactions', 'alerts', 'cases', 'losses'] as const;
const alert_states = ['open', 'acknowledged', 'all'] as const;

function AlertsTab(): ReactNode {
  const { t, f, name } = useWords();
  const { may } = useSession();
  const { query } = usePlace();
  const status = alert_states.find((known) => known === query.get('status')) ?? 'open';
  const path = with_query('/v1/alerts', { status });
  const list = useList<Alert>(path);
  useLive<Alert>('alert', () => list.reload());
  const acknowledge = useAction(async (id: string) => {
    await post(`/v1/alerts/${encodeURIComponent(id)}/acknowledge`);
    list.reload();
  });
  const open_case = useAction(async (id: string) => {
    const opened = await post<Case>(`/v1/alerts/${encodeURIComponent(id)}/case`);
    go(with_query('/operations', { tab: 'cases', case: opened.id }));
  });
  const problem = acknowledge.problem ?? open_case.problem;
  return (
    <Panel
      title={t('operations.tab_alerts')}
      aside={
        <>
          <Segments label={t('operations.status')} value={status} onChange={(value) => set_query({ status: value === 'open' ? null : value })} options={alert_states.map((key) => [key, key === 'all' ? t('action.all') : name('status', key)] as const)} />
          <CsvLink path={path} />
        </>
      }
      flush
    >
      {problem && <Failure problem={problem} />}
      <ListTable
        label={t('operations.tab_alerts')}
        list={list}
        row_key={(alert) => alert.id}
        empty={t('operations.alerts_empty')}
        empty_hint={t('overview.no_alerts_hint')}
        columns={[
          { head: t('operations.alert'), wide: true, cell: (alert) => <Link to={alert.kind === 'signal' ? `/signals/${alert.subject_id}` : `/decisions/${alert.subject_id}`}><AlertTitle title={alert.title} /></Link> },
          { head: t('operations.kind'), cell: (alert) => name('kind', alert.kind) },
          { head: t('signals.severity_head'), cell: (alert) => <Severity value={alert.severity} /> },
          { head: t('operations.created'), cell: (alert) => <span className="nowrap">{f.short_time(alert.created_at)}</span> },
          { head: t('operations.status'), cell: (alert) => <><Badge tone={alert.status === 'open' ? 'material' : 'none'}>{name('status', alert.status)}</Badge>{alert.acknowledged_by && <p className="fine">{alert.acknowledged_by}</p>}</> },
          {
            head: t('operations.action'), cell: (alert) => (
              <span className="row">
                {may('analyst') && alert.status === 'open' && <Button tone="quiet" onClick={() => void acknowledge.run(alert.id)}>{t('alert.acknowledge')}</Button>}
                {alert.case_id ? <Link to={with_query('/operations', { tab: 'cases', case: alert.case_id })}>{t('operations.case')}</Link> : may('analyst') && <Button tone="quiet" onClick={() => void open_case.run(alert.id)}>{t('alert.open_case')}</Button>}
              </span>
            ),
          },
        ]}
      />
    </Panel>
  );
}

function LossesTab(): ReactNode {
  const { t, f, name } = useWords();
  const list = useList<Loss>('/v1/operations/losses');
  return (
    <Panel title={t('operations.tab_losses')} aside={<CsvLink path="/v1/operations/losses" />} flush>
      <ListTable
        label={t('operations.tab_losses')}
        list={list}
        row_key={(loss) => loss.id}
        empty={t('operations.losses_empty')}
        empty_hint={t('operations.no_events_hint')}
        columns={[
          { head: t('operations.date'), cell: (loss) => <span className="nowrap">{f.date(loss.occurred_on)}</span> },
          { head: t('operations.type'), cell: (loss) => name('basel', loss.type) },
          { head: t('operations.category'), cell: (loss) => loss.category },
          { head: t('operations.amount'), numeric: true, cell: (loss) => f.money(loss.amount, loss.currency) },
          { head: t('operations.recovery'), numeric: true, cell: (loss) => f.money(loss.recovery, loss.currency) },
          { head: t('operations.description'), wide: true, cell: (loss) => loss.description },
        ]}
      />
    </Panel>
  );
}

export default function OperationsPage(): ReactNode {
  const { t } = useWords();
  const { query } = usePlace();
  const tab = tabs.find((known) => known === query.get('tab')) ?? 'events';
  return (
    <>
      <Tabs label={t('nav.operations')} value={tab} onChange={(value) => go(with_query('/operations', { tab: value === 'events' ? null : value }))} tabs={tabs.map((key) => [key, t(`operations.tab_${key}`)] as const)} />
      {tab === 'events' && <EventsTab />}
      {tab === 'logs' && <LogsTab />}
      {tab === 'transactions' && <TransactionsTab />}
      {tab === 'alerts' && <AlertsTab />}
      {tab === 'cases' && <CasesTab />}
      {tab === 'losses' && <LossesTab />}
    </>
  );
}
