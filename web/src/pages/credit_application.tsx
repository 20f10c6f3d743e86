// SPDX-License-Identifier: Apache-2.0
// The application form, made from what the model reads, and the decision beside it with its reasons.
import { useState, type FormEvent, type ReactNode } from 'react';
import { post } from '../api/client';
import type { CreditInput, CreditModel, CreditVerdict } from '../api/types';
import type { Language } from '../lib/format';
import { plain_name } from '../lib/format';
import { useWords } from '../lib/language';
import { useAction } from '../lib/resource';
import { Link } from '../lib/router';
import { useSession } from '../lib/session';
import { Badge, Button, Empty, Facts, Failure, Field, Panel, Probability, Segments } from '../ui/basic';
import { ReasonBars } from '../ui/reasons';
import type { Values } from './credit';

export function input_words(input: CreditInput, language: Language): string {
  return (language === 'zh' ? input.words_zh : input.words_en) || plain_name(input.name);
}

/** What the policy reads beside the model's inputs: amount, income, term. */
export function policy_inputs(model: CreditModel): CreditInput[] {
  const { amount_column, income_column, term_column } = model.policy ?? {};
  return [amount_column, income_column, term_column]
    .filter((name): name is string => !!name && !model.inputs.some((input) => input.name === name))
    .map((name) => ({ name, kind: 'number' }));
}

/** Values in the middle of what training saw; for the policy's own columns half of what may be lent, over three years. */
function example_of(model: CreditModel): Values {
  const policy = model.policy;
  const own = (name: string): string =>
    name === policy?.amount_column ? String(Math.round(Number(policy.max_amount ?? 0) / 2) || 5000) : name === policy?.term_column ? '36' : '';
  return Object.fromEntries([
    ...model.inputs.map((input) => [input.name, middle_value(input)]), ...policy_inputs(model).map((input) => [input.name, own(input.name)]),
  ]);
}

/** A step that fits the range: 1 for counts, finer for ratios. */
export function step_of(input: CreditInput): number {
  const [lo, hi] = [input.min ?? 0, input.max ?? 1];
  if (input.integer || hi - lo > 20 || (Number.isInteger(lo) && Number.isInteger(hi) && hi - lo > 1)) return 1;
  return hi - lo > 2 ? 0.1 : 0.01;
}

export function middle_value(input: CreditInput): string {
  if (input.kind === 'category') return input.levels?.[0] ?? '';
  if (typeof input.max !== 'number') return '';
  const middle = ((input.min ?? 0) * 3 + (input.max ?? 0)) / 4;
  const step = step_of(input);
  return String(Number((Math.round(middle / step) * step).toFixed(4)));
}

function InputField({ input, value, onChange }: { input: CreditInput; value: string; onChange: (value: string) => void }): ReactNode {
  const { t, f, language } = useWords();
  const digits = step_of(input) === 1 ? 0 : 2;
  return (
    <Field label={input_words(input, language)} hint={input.kind === 'number' && typeof input.min === 'number' ? t('credit.range', { min: f.number(input.min, digits), max: f.number(input.max, digits) }) : undefined}>
      {(id) => input.kind === 'category' ? (
        <select id={id} className="select" required={!input.may_be_missing} value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="">{input.may_be_missing ? t('credit.missing') : t('credit.choose')}</option>
          {(input.levels ?? []).map((level) => <option key={level} value={level}>{plain_name(level)}</option>)}
        </select>
      ) : (
        <input id={id} className="input num" type="number" step="any" required={!input.may_be_missing} value={value} placeholder={input.may_be_missing ? t('credit.missing') : undefined} onChange={(event) => onChange(event.target.value)} />
      )}
    </Field>
  );
}

function RateParts({ price }: { price: Readonly<Record<string, number>> }): ReactNode {
  const { t, f, name } = useWords();
  const parts = Object.entries(price);
  return (
    <div className="stack tight">
      <h3>{t('credit.price')}</h3>
      <Facts items={parts.map(([key, value]) => [name('price', key), f.percent(value, 2)] as const)} />
    </div>
  );
}

export function Verdict({ verdict, model }: { verdict: CreditVerdict; model: CreditModel }): ReactNode {
  const { t, f, name } = useWords();
  const tone = verdict.outcome === 'approve' ? 'good' : verdict.outcome === 'decline' ? 'bad' : 'middle';
  const reasons = verdict.reasons ?? [];
  const bars = reasons
    .map((reason) => ({ key: reason.code, text: reason.text, points: reason.points ?? reason.contribution ?? 0 }))
    .sort((a, b) => b.points - a.points);
  return (
    <div className="stack">
      <div>
        <p className="verdict">
          {verdict.outcome && <span className={`verdict-word ${tone}`}>{name('outcome', verdict.outcome)}</span>}
          <Badge tone="accent">{t('credit.grade')} {verdict.grade}</Badge>
        </p>
        {verdict.why && <p className="dim">{plain_name(verdict.why)}</p>}
      </div>
      <div>
        <p className="label">{t('credit.pd')}</p>
        <Probability value={verdict.pd} interval={verdict.interval} digits={1} wide />
      </div>
      {!verdict.outcome && !model.policy && <p className="note">{t('credit.no_policy')}</p>}
      <Facts items={[
        !!verdict.amount && [t('credit.amount'), f.money(verdict.amount, verdict.currency)],
        typeof verdict.rate === 'number' && verdict.outcome !== 'decline' && [t('credit.rate'), f.percent(verdict.rate, 2)],
        !!verdict.instalment && verdict.outcome !== 'decline' && [t('credit.instalment'), f.money(verdict.instalment, verdict.currency)],
        !!verdict.term_months && [t('credit.term'), f.count(verdict.term_months)],
        !!verdict.expected_loss && [t('credit.expected_loss'), f.money(verdict.expected_loss, verdict.currency)],
        !!verdict.decision_id && [t('credit.decision_id'), <Link key="id" to={`/decisions/${verdict.decision_id}`}><code>{verdict.decision_id}</code></Link>],
      ]} />
      {reasons.length > 0 && (
        <div className="stack tight">
          <h3>{t('credit.reasons')}</h3>
          <ReasonBars label={t('credit.reasons')} items={bars.filter((bar) => bar.points > 0).slice(0, 4)} />
          <details className="no-print">
            <summary>{t('credit.all_contributions', { n: bars.length })}</summary>
            <div className="stack tight spaced">
              <ReasonBars label={t('credit.all_contributions', { n: bars.length })} items={bars} />
              {verdict.base !== undefined && verdict.score !== undefined && (
                <p className="fine">{t('credit.reasons_note', { base: f.number(verdict.base, 3), score: f.number(verdict.score, 3) })}</p>
              )}
            </div>
          </details>
        </div>
      )}
      {verdict.price && verdict.outcome !== 'decline' && <RateParts price={verdict.price} />}
    </div>
  );
}

interface Props {
  model: CreditModel;
  values: Values;
  onValues: (values: Values) => void;
  verdict: CreditVerdict | null;
  onVerdict: (verdict: CreditVerdict) => void;
}

export function Application({ model, values, onValues, verdict, onVerdict }: Props): ReactNode {
  const { t, language: interface_language } = useWords();
  const { may } = useSession();
  const [number, set_number] = useState('');
  const [language, set_language] = useState<Language>(interface_language);
  const application = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
  const send = useAction(async (decide: boolean) => {
    const answer = decide
      ? await post<CreditVerdict>('/v1/credit/applications', { model: model.id, ...(number ? { id: number } : {}), application, language, all_reasons: true })
      : await post<CreditVerdict>('/v1/credit/score', { model: model.id, application, language, all_reasons: true });
    onVerdict(answer);
    return answer;
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const submitter = (event.nativeEvent as SubmitEvent).submitter;
    void send.run(submitter?.getAttribute('value') === 'decide');
  };
  return (
    <div className="columns two">
      <Panel title={t('credit.tab_apply')} className="no-print" aside={<Button tone="quiet" onClick={() => onValues(example_of(model))}>{t('credit.fill_example')}</Button>}>
        <form className="stack" onSubmit={submit}>
          <div className="form-grid top">
            <Field label={t('credit.number')}>{(id) => <input id={id} className="input" value={number} onChange={(event) => set_number(event.target.value)} />}</Field>
            {[...model.inputs, ...policy_inputs(model)].map((input) => (
              <InputField key={input.name} input={input} value={values[input.name] ?? ''} onChange={(value) => onValues({ ...values, [input.name]: value })} />
            ))}
          </div>
          <div className="row spread">
            <div className="row">
              <Button type="submit" tone="main" value="decide" busy={send.busy} disabled={!may('officer')}>{t('credit.decide')}</Button>
              <Button type="submit" value="score" busy={send.busy} disabled={!may('analyst')}>{t('credit.score')}</Button>
            </div>
            <div className="row">
              <span className="label">{t('credit.reason_language')}</span>
              <Segments label={t('credit.reason_language')} value={language} onChange={set_language} options={[['en', 'English'], ['zh', '中文']]} />
            </div>
          </div>
          {!may('officer') && <p className="fine">{t('credit.decide_role')}</p>}
          {send.problem && <Failure problem={send.problem} />}
        </form>
      </Panel>
      <Panel title={t('credit.verdict')} aside={verdict && <Button tone="quiet" icon="print" className="button quiet no-print" onClick={() => window.print()}>{t('action.print')}</Button>}>
        <div lang={language === 'zh' ? 'zh-CN' : 'en'}>
          {verdict ? <Verdict verdict={verdict} model={model} /> : <Empty title={t('credit.nothing')}>{t('credit.nothing_hint')}</Empty>}
        </div>
      </Panel>
    </div>
  );
}
