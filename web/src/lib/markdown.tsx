// SPDX-License-Identifier: Apache-2.0
// The part of Markdown that model cards use, as React elements: nothing in a card becomes HTML by itself.
import type { ReactNode } from 'react';

function inline(text: string): ReactNode[] {
  const out: ReactNode[] = [];
  const pattern = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)]+)\)|\*([^*\s][^*]*)\*/g;
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) out.push(text.slice(at, match.index));
    const key = match.index;
    if (match[1] !== undefined) out.push(<code key={key}>{match[1]}</code>);
    else if (match[2] !== undefined) out.push(<b key={key}>{match[2]}</b>);
    else if (match[3] !== undefined) {
      out.push(/^https?:\/\//.test(match[4] ?? '') ? <a key={key} href={match[4]} target="_blank" rel="noreferrer noopener">{match[3]}</a> : match[3]);
    } else out.push(<i key={key}>{match[5]}</i>);
    at = match.index + match[0].length;
  }
  if (at < text.length) out.push(text.slice(at));
  return out;
}

function cells(line: string): string[] {
  return line.trim().replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim());
}

function table(lines: string[], key: number): ReactNode {
  const [head = '', , ...body] = lines;
  return (
    <div className="table-frame" key={key}>
      <table>
        <thead><tr>{cells(head).map((cell, i) => <th key={i}>{inline(cell)}</th>)}</tr></thead>
        <tbody>{body.map((line, r) => <tr key={r}>{cells(line).map((cell, i) => <td key={i}>{inline(cell)}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

export function Markdown({ text }: { text: string }): ReactNode {
  const lines = text.replace(/^---\n[\s\S]*?\n---\n/, '').split('\n');
  const out: ReactNode[] = [];
  let i = 0;
  const take = (while_true: (line: string) => boolean): string[] => {
    const from = i;
    while (i < lines.length && while_true(lines[i] ?? '')) i += 1;
    return lines.slice(from, i);
  };
  while (i < lines.length) {
    const line = lines[i] ?? '';
    const heading = /^(#{1,4})\s+(.*)$/.exec(line);
    const key = i;
    if (line.trim() === '') i += 1;
    else if (line.startsWith('```')) {
      i += 1;
      out.push(<pre key={key}><code>{take((l) => !l.startsWith('```')).join('\n')}</code></pre>);
      i += 1;
    } else if (heading) {
      i += 1;
      out.push((heading[1]?.length ?? 1) <= 2 ? <h3 key={key}>{inline(heading[2] ?? '')}</h3> : <h4 key={key}>{inline(heading[2] ?? '')}</h4>);
    } else if (line.startsWith('|') && /^\|?[\s:|-]+\|?$/.test(lines[i + 1] ?? '')) out.push(table(take((l) => l.startsWith('|')), key));
    else if (/^\s*[-*]\s+/.test(line)) {
      const items: string[] = [];
      for (const l of take((x) => /^\s*[-*]\s+/.test(x) || /^\s{2,}\S/.test(x))) {
        if (/^\s*[-*]\s+/.test(l)) items.push(l.replace(/^\s*[-*]\s+/, ''));
        else items[items.length - 1] += ` ${l.trim()}`;
      }
      out.push(<ul key={key}>{items.map((item, n) => <li key={n}>{inline(item)}</li>)}</ul>);
    } else if (/^( {4}|\t)/.test(line)) out.push(<pre key={key}><code>{take((l) => /^( {4}|\t)/.test(l)).map((l) => l.replace(/^( {4}|\t)/, '')).join('\n')}</code></pre>);
    else out.push(<p key={key}>{inline(take((l) => l.trim() !== '' && !/^(#{1,4}\s|```|\||\s*[-*]\s)/.test(l) || l === line).join(' '))}</p>);
  }
  return <div className="prose">{out}</div>;
}
