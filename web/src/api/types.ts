// SPDX-License-Identifier: Apache-2.0
// What the HTTP API answers, as far as the dashboard reads it. Names are those of the API.

export const risks = ['market', 'credit', 'operational', 'liquidity', 'policy', 'business'] as const;
export type Risk = (typeof risks)[number];
export type Role = 'viewer' | 'analyst' | 'officer' | 'auditor' | 'admin';
export type Interval = readonly [number, number];
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface Session {
  mode: 'open' | 'session' | 'key' | 'none';
  user: string | null;
  role: Role | null;
  csrf: string | null;
  version: string;
  build: string;
  features: Readonly<Record<string, boolean>>;
}

export interface Page<T> {
  items: T[];
  next?: string | null;
}

export interface Assessment {
  model: string;
  sentiment: string;
  sentiment_probability: number;
  severity: number;
  severity_probability: number;
  kinds?: Readonly<Record<string, readonly number[]>>;
}

export interface DocumentHead {
  id: string;
  title?: string;
  text: string;
  lang?: string;
  source?: string;
  published_at?: string | null;
  created_at?: string;
}

export interface Entity {
  text: string;
  kind: string;
  start: number;
  end: number;
  canonical: string;
}

export interface Evidence {
  start: number;
  end: number;
  text: string;
  weight: number;
}

export interface Feedback {
  id?: string;
  subject_kind?: string;
  subject_id?: string;
  verdict: 'accept' | 'correct' | 'reject';
  risk?: string | null;
  severity?: number | null;
  note?: string | null;
  actor: string;
  at: string;
}

export interface Signal {
  id: string;
  document_id: string;
  risk: string;
  probability: number;
  interval: Interval;
  basel?: string | null;
  entities: Entity[];
  evidence: Evidence[];
  severity: number;
  severity_probability: number;
  sentiment: string;
  document: DocumentHead;
  feedback: Feedback | null;
  model: string;
  created_at: string;
  similar?: Signal[];
}

export interface Attribution {
  tokens: Evidence[];
  risk: string;
  model: string;
}

export interface AttentionMaps {
  tokens: string[];
  layers: number;
  heads: number;
  items: { layer: number; head: number; weights: number[][] }[];
}

export interface Overview {
  from: string;
  to: string;
  bucket: string;
  counts: Readonly<Record<string, number>>;
  risks: string[];
  series: { bucket: string; documents: number; counts: Readonly<Record<string, number>> }[];
  severity: Readonly<Record<string, number>>;
  sentiment: Readonly<Record<string, number>>;
  heat: {
    entities: string[];
    cells: { entity: string; risk: string; signals: number; max_probability: number; max_severity: number }[];
  };
  newest_critical: Signal[];
}

export interface Alert {
  id: string;
  kind: string;
  severity: number;
  title: string;
  subject_id: string;
  document_id?: string | null;
  status: 'open' | 'acknowledged' | 'closed';
  case_id?: string | null;
  created_at: string;
  acknowledged_by?: string | null;
  acknowledged_at?: string | null;
}

export interface Reason {
  code: string;
  text: string;
  points?: number;
  contribution?: number;
}

export interface Override {
  id: string;
  decision_id: string;
  outcome: string;
  reason: string;
  status: 'proposed' | 'approved' | 'refused';
  proposed_by: string;
  proposed_at: string;
  decided_by?: string | null;
  decided_at?: string | null;
}

export interface Decision {
  id: string;
  kind: string;
  subject: string;
  outcome: Json;
  probability?: number | null;
  interval?: Interval | null;
  reasons?: Reason[];
  model: string;
  model_hash: string;
  policy_hash?: string;
  build: string;
  isa: string;
  seed: number;
  cost?: JsonObject;
  created_at: string;
  override?: Override | null;
  inputs?: Json;
  inputs_hash?: string;
}

export interface Replay {
  id: string;
  kind: string;
  identical: boolean;
  differences: { field: string; was: Json; now: Json }[];
  seconds: number;
}

export interface Instrument {
  id: string;
  file: string;
  column: string;
  first: string;
  last: string;
  days: number;
}

export interface PriceSeries {
  id: string;
  series: { date: string; close: number; return: number | null }[];
}

export interface TestValue {
  statistic: number | null;
  p_value: number | null;
}

export interface VarBacktest {
  method: string;
  level: number;
  window: number;
  series: { date: string; var: number; es: number; return: number; exception: boolean }[];
  tests: {
    days: number;
    exceptions: number;
    kupiec: TestValue;
    christoffersen: { independence: TestValue; joint: TestValue };
    traffic_light: { zone: string; exceptions: number; days: number };
    acerbi_szekely?: TestValue;
  };
  next?: { var: number; es: number } | null;
  decision_id?: string | null;
}

export interface Job {
  id: string;
  kind: string;
  status: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  progress?: { doing?: string; done?: number; total?: number; unit?: string; metric?: string } | null;
  result?: Json;
  error?: { title?: string; detail?: string; hint?: string } | null;
  created_by?: string;
  created_at: string;
  finished_at?: string | null;
}

export interface ReturnInterval {
  level?: number;
  low: number;
  median: number;
  high: number;
}

export interface DirectionDay {
  session: string;
  return_interval: ReturnInterval;
  return: number;
  advice: string;
}

export interface Estimate {
  estimate: number;
  interval: Interval;
}

export interface Performance {
  annual_return: number;
  annual_volatility: number;
  sharpe: number;
  max_drawdown: number;
}

export interface DirectionForecast {
  session: string;
  advice: string;
  reason?: string;
  probability_up: number;
  probability_interval?: Interval;
  return_interval: ReturnInterval;
  volatility: number;
  expected_return?: number;
  tail?: { level: number; var: number; es: number }[];
  volatility_models?: { model: string; daily: number; annual: number; qlike: number }[];
  reasons?: { feature: string; value: number; contribution: number }[];
  walk_forward?: {
    sessions: number;
    interval_coverage?: number;
    advised?: Performance;
    buy_and_hold?: Performance;
    accuracy?: Estimate;
    accuracy_always_up?: Estimate;
    series?: DirectionDay[];
  };
  decision_id?: string;
}

export interface CreditInput {
  name: string;
  kind: 'number' | 'category';
  integer?: boolean;
  levels?: string[];
  min?: number | null;
  max?: number | null;
  may_be_missing?: boolean;
  words_en?: string;
  words_zh?: string;
}

export interface Candidate {
  name: string;
  auc?: number;
  auc_interval?: Interval;
  ks?: number;
  brier?: number;
  log_loss?: number;
  ece?: number;
  ece_chance?: number;
  mcc?: number;
  p_value?: number;
  difference?: number;
}

export interface CreditPolicy {
  name: string;
  currency: string;
  approve_pd: number;
  decline_pd: number;
  max_amount?: string | number | null;
  amount_column?: string | null;
  income_column?: string | null;
  term_column?: string | null;
}

export interface CreditModel {
  id: string;
  label?: string;
  champion: string;
  rows: number;
  default_rate: number;
  cut_off: number;
  candidates: Candidate[];
  inputs: CreditInput[];
  policy?: CreditPolicy | null;
  card?: string;
}

export interface CreditVerdict {
  id?: string;
  decision_id?: string;
  outcome?: string | null;
  why?: string;
  amount?: string | null;
  currency?: string;
  rate?: number | null;
  price?: Readonly<Record<string, number>>;
  pd: number;
  interval: Interval;
  grade: string;
  base?: number;
  score?: number;
  expected_loss?: string;
  instalment?: string;
  term_months?: number;
  reasons?: Reason[];
}

export interface WhatIf {
  base: CreditVerdict;
  /** A value that cannot be scored has a reason in place of figures. */
  items: (Partial<CreditVerdict> & { column: string; value: string; reason?: string })[];
}

export interface FairnessGroup {
  group: string;
  rows: number;
  approval_rate: number;
  adverse_impact: number | null;
  opportunity: number | null;
  opportunity_gap: number | null;
  judged?: boolean;
}

export interface FairnessAudit {
  column: string;
  thresholds: { threshold: number; approval_rate: number; accuracy: number; groups: FairnessGroup[] }[];
  calibration?: { group: string; rows: number; mean_pd: number; observed: number; p_value: number }[];
}

export interface Fairness {
  cut_off: number;
  fair_cut_off?: number | null;
  limit?: JsonObject | null;
  breaches: string[];
  items: FairnessAudit[];
}

export interface EventProbability {
  type: string;
  probability: number;
  interval: Interval;
  model: string;
  decision_id: string;
  created_at: string;
  horizon_days?: number;
}

export interface Loss {
  id: string;
  occurred_on: string;
  type: string;
  category: string | null;
  amount: string;
  recovery: string;
  currency: string;
  description: string;
}

export interface CaseEvent {
  number: number;
  action: string;
  actor: string;
  note: string;
  at: string;
}

export interface Case {
  id: string;
  kind: string;
  subject: string;
  status: 'open' | 'closed';
  assignee?: string | null;
  created_at: string;
  events: CaseEvent[];
}

export interface ScoredRow {
  row: number;
  subject?: string;
  probability: number;
  interval: Interval;
  base?: number;
  score?: number;
  reasons: Reason[];
  decision_id?: string | null;
  action?: string;
}

export interface Rejected {
  row?: number;
  index?: number;
  column?: string;
  reason: string;
}

export interface Offers {
  row: number;
  offers: { product: string; probability: number; interval: Interval; expected_value: string | number; reasons: Reason[] }[];
  left_out: { product: string; why: string }[];
  decision_id?: string;
}

export interface ModelEntry {
  id: string;
  kind: string;
  owned_by?: string;
  path?: string;
  sha256?: string;
  in_charge?: boolean;
  card?: string | null;
  figures?: JsonObject | null;
}

export interface Drift {
  model: string;
  measure: string;
  risk: string;
  reference: number | null;
  current: number | null;
  psi: number | null;
  days: number;
}

export interface AuditEntry {
  sequence: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  hash: string;
  previous?: string;
}

export interface ChainCheck {
  intact: boolean;
  entries: number;
  head: string;
  first_broken: number | null;
  records?: number;
  faults?: { sequence: number; what: string }[];
}

export interface Citation {
  document: string;
  title?: string;
  section?: string;
  start?: number;
  end?: number;
  text: string;
}

export interface ChatAnswer {
  conversation: string;
  answer: string;
  citations: Citation[];
  intent?: { name: string; probability: number } | null;
  status: 'answered' | 'unknown' | 'handover';
  /** Questions that the knowledge base could answer. */
  suggestions?: string[];
  decision_id?: string;
  handover?: { reason: string; summary: string } | null;
}
