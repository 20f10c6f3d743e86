// SPDX-License-Identifier: Apache-2.0
// The next session of an instrument: a job that walks forward over its history, then advice, fan and how good it has been.
import { useState, type ReactNode } from 'react';
import { post, Problem } from '../api/client';
import type { DirectionForecast, Instrument, Job } from '../api/types';
import { time_axis, value_axis, type Palette } from '../charts/palette';
import { plain_name } from '../lib/format';
import { is_over, useJob } from '../lib/jobs';
import { useWords } from '../lib/language';
import { useAction } from '../lib/resource';
import { Link } from '../lib/router';
import { useSession } from '../lib/session';
import { Button, Facts, Failure, Panel, Probability } from '../ui/basic';
import { Chart, Legend } from '../ui/chart';
import { ReasonBars } from '../ui/reasons';

const shown_sessions = 60;

function Fan({ data }: { data: DirectionForecast }): ReactNode {
  const { t, f } = useWords();
  const past = (data.walk_forward?.series ?? []).slice(-shown_sessions);
  const days = [...past, { session: data.session, return_interval: data.return_interval, return: null, advice: data.advice }];
  const option = (p: Palette) => ({
    xAxis: { ...time_axis(p, days.map((day) => day.session), (date) => f.date(date)), boundaryGap: false },
    yAxis: value_axis(p, (value) => f.percent(value, 1)),
    tooltip: {
      formatter: (points: { dataIndex: number }[]) => {
        const day = days[points[0]?.dataIndex ?? -1];
        if (!day) return '';
        const r = day.return_interval;
        return [`<b>${f.date(day.session)}</b>`, `${t('markets.interval')} ${f.percent(r.low, 2)} … ${f.percent(r.high, 2)}`, day.return === null ? '' : `${t('markets.actual')} ${f.percent(day.return, 2)}`].filter((line) => line !== '').join('<br>');
      },
    },
    series: [
      // A band is two stacked lines: an invisible floor, and the height above it.
      { type: 'line', stack: 'band', stackStrategy: 'all', showSymbol: false, silent: true, lineStyle: { opacity: 0 }, data: days.map((day) => day.return_interval.low) },
      { type: 'line', stack: 'band', stackStrategy: 'all', showSymbol: false, silent: true, lineStyle: { opacity: 0 }, areaStyle: { color: p.accent, opacity: 0.18 }, data: days.map((day) => day.return_interval.high - day.return_interval.low) },
      { type: 'line', showSymbol: false, lineStyle: { width: 1.2, color: p.accent, type: 'dashed' }, data: days.map((day) => day.return_interval.median) },
      { type: 'scatter', symbolSize: 4.5, itemStyle: { color: p.text_2 }, data: days.map((day) => day.return) },
    ],
  });
  return (
    <>
      <h3>{t('markets.fan')}</h3>
      <Legend items={[{ color: 'color-mix(in srgb, var(--accent) 24%, transparent)', words: t('markets.interval') }, { color: 'var(--accent)', words: t('markets.median'), line: true }, { color: 'var(--text-2)', words: t('markets.actual') }]} />
      <Chart option={option} on={[data]} height={210} words={t('markets.fan_words', { n: past.length })} />
    </>
  );
}

function Advice({ data }: { data: DirectionForecast }): ReactNode {
  const { t, f, name } = useWords();
  const tail = data.tail?.find((item) => item.level === 0.99) ?? data.tail?.[0];
  const wf = data.walk_forward;
  const reasons = [...(data.reasons ?? [])].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)).slice(0, 4);
  return (
    <div className="stack">
      <div>
        <p className="label">{t('markets.advice_for', { date: f.date(data.session) })}</p>
        <p className="verdict">
          <span className={`verdict-word ${data.advice === 'sell' ? 'bad' : data.advice === 'buy' ? 'good' : 'middle'}`}>{name('outcome', data.advice)}</span>
        </p>
        <p className="row"><span className="dim">{t('markets.up')}</span><Probability value={data.probability_up} interval={data.probability_interval} digits={1} wide /></p>
        {data.reason && <p className="dim">{data.reason}</p>}
        <p className="fine">{t('markets.not_advice')}</p>
      </div>
      <Facts items={[
        [t('markets.return_interval'), `${f.percent(data.return_interval.low, 2)} … ${f.percent(data.return_interval.high, 2)}`],
        [t('markets.volatility'), f.percent(data.volatility, 2)],
        !!tail && [`VaR ${f.percent(tail?.level, 0)} · ES`, `${f.percent(tail?.var, 2)} · ${f.percent(tail?.es, 2)}`],
        !!wf?.accuracy && [t('markets.hit_rate'), `${f.percent(wf?.accuracy?.estimate, 1)} (${f.percent(wf?.accuracy?.interval[0], 1)}–${f.percent(wf?.accuracy?.interval[1], 1)})`],
        !!wf?.accuracy_always_up && [t('markets.always_up'), f.percent(wf?.accuracy_always_up?.estimate, 1)],
        wf?.interval_coverage !== undefined && [t('markets.coverage'), f.percent(wf?.interval_coverage, 1)],
        !!wf?.advised && !!wf.buy_and_hold && [t('markets.sharpe'), `${f.number(wf?.advised?.sharpe, 2)} · ${f.number(wf?.buy_and_hold?.sharpe, 2)}`],
      ]} />
      <Fan data={data} />
      {reasons.length > 0 && (
        <div className="stack tight">
          <h3>{t('credit.reasons')}</h3>
          <ReasonBars label={t('credit.reasons')} items={reasons.map((reason) => ({ key: reason.feature, text: `${plain_name(reason.feature)} = ${f.number(reason.value, 3)}`, points: reason.contribution }))} />
        </div>
      )}
    </div>
  );
}

export function ForecastPanel({ instrument }: { instrument: Instrument }): ReactNode {
  const { t } = useWords();
  const { may } = useSession();
  const [job_id, set_job_id] = useState<string | null>(null);
  const job = useJob(job_id);
  const start = useAction(async () => {
    const answer = await post<Job | { job: Job }>('/v1/forecasts/direction', { instrument: instrument.id, sessions: shown_sessions });
    set_job_id('job' in answer ? answer.job.id : answer.id);
    return answer;
  });
  const running = job_id !== null && !is_over(job.data) && !job.problem;
  const data = job.data?.status === 'done' ? (job.data.result as unknown as DirectionForecast) : null;
  const progress = job.data?.progress;
  const failed = job.data?.status === 'failed' ? new Problem(500, job.data.error ?? {}) : null;
  return (
    <Panel title={t('markets.forecast_title')} aside={data?.decision_id && <Link to={`/decisions/${data.decision_id}`} className="button quiet">{t('credit.decision_id')}</Link>}>
      <div className="stack">
        {!data && (
          <div className="row">
            <Button tone="main" busy={start.busy || running} disabled={!may('analyst')} onClick={() => void start.run()}>{t('markets.run_forecast')}</Button>
            <span className="fine" role="status">{running ? t('markets.job_running', { doing: progress?.doing ?? '…' }) : t('markets.forecast_hint')}</span>
          </div>
        )}
        {running && <progress max={progress?.total || 1} value={progress?.total ? progress.done : undefined} aria-label={t('markets.run_forecast')} />}
        {start.problem && <Failure problem={start.problem} />}
        {job.problem && <Failure problem={job.problem} retry={job.reload} />}
        {failed && <Failure problem={failed} />}
        {data && <Advice data={data} />}
      </div>
    </Panel>
  );
}
