// SPDX-License-Identifier: Apache-2.0
// Contributions to a score as bars from a middle line: right raises the risk, left lowers it.
import type { ReactNode } from 'react';
import { useWords } from '../lib/language';

export interface Contribution {
  key: string;
  text: string;
  points: number;
}

export function ReasonBars({ items, label }: { items: readonly Contribution[]; label: string }): ReactNode {
  const { f } = useWords();
  const top = Math.max(1e-9, ...items.map((item) => Math.abs(item.points)));
  return (
    <ul className="reasons" aria-label={label}>
      {items.map((item, i) => (
        <li key={`${item.key}/${i}`}>
          <span className="wrap-any">{item.text}</span>
          <span className="axis" aria-hidden="true">
            <span className={item.points >= 0 ? 'up' : 'down'} style={{ width: `${(Math.abs(item.points) / top) * 49}%` }} />
          </span>
          <span className="num">{f.signed(item.points, 3)}</span>
        </li>
      ))}
    </ul>
  );
}
