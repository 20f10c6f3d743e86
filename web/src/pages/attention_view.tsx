// SPDX-License-Identifier: Apache-2.0
// The attention weights of one layer and head as a table of shades; pointing at a cell names it.
import { useState, type ReactNode } from 'react';
import type { AttentionMaps } from '../api/types';
import { useWords } from '../lib/language';

interface Props {
  maps: AttentionMaps;
  layer: number;
  head: number;
  onLayer: (layer: number) => void;
  onHead: (head: number) => void;
}

function Choice({ label, count, value, onChange }: { label: string; count: number; value: number; onChange: (value: number) => void }): ReactNode {
  return (
    <label className="row">
      <span className="label">{label}</span>
      <select className="select narrow" value={value} onChange={(event) => onChange(Number(event.target.value))}>
        {Array.from({ length: count }, (_, i) => <option key={i} value={i}>{i + 1}</option>)}
      </select>
    </label>
  );
}

const most = 48;  // tokens drawn: more would be finer than the screen

export function AttentionView({ maps, layer, head, onLayer, onHead }: Props): ReactNode {
  const { t, f } = useWords();
  const [at, set_at] = useState<readonly [number, number] | null>(null);
  const weights = (maps.items.find((item) => item.layer === layer && item.head === head) ?? maps.items[0])?.weights ?? [];
  const tokens = maps.tokens.slice(0, most).map((token) => token.replace(/^Ġ|^##|^▁/, '') || '␣');
  const size = 14;
  const left = 92;
  return (
    <div className="stack tight">
      <div className="row">
        <Choice label={t('signals.layer')} count={maps.layers} value={layer} onChange={onLayer} />
        <Choice label={t('signals.head')} count={maps.heads} value={head} onChange={onHead} />
        <span className="fine num">
          {at && `${tokens[at[0]] ?? ''} → ${tokens[at[1]] ?? ''}  ${f.number(weights[at[0]]?.[at[1]], 3)}`}
        </span>
      </div>
      <div className="table-frame" tabIndex={0} role="region" aria-label={t('signals.view_attention')}>
        <svg width={left + tokens.length * size + 4} height={left + tokens.length * size} role="img" aria-label={t('signals.attention_words', { layer: layer + 1, head: head + 1, n: tokens.length })} onMouseLeave={() => set_at(null)}>
          {tokens.map((token, i) => (
            <g key={i} className="attention-words">
              <text x={left - 6} y={left + i * size + 11} textAnchor="end">{token.slice(0, 12)}</text>
              <text transform={`translate(${left + i * size + 11}, ${left - 6}) rotate(-90)`}>{token.slice(0, 12)}</text>
            </g>
          ))}
          {tokens.map((_, i) => tokens.map((__, j) => {
            const weight = weights[i]?.[j] ?? 0;
            return weight < 0.005 ? null : (
              <rect key={`${i}/${j}`} x={left + j * size} y={left + i * size} width={size - 1} height={size - 1} fill="rgb(var(--heat))" fillOpacity={Math.min(1, Math.sqrt(weight))} onMouseEnter={() => set_at([i, j])} />
            );
          }))}
        </svg>
      </div>
      <p className="fine">{t('signals.attention_note')}</p>
    </div>
  );
}
