// SPDX-License-Identifier: Apache-2.0
// A text with marked spans. Strength is how opaque the mark is; the exact weight is in the title.
import { useMemo, type CSSProperties, type ReactNode } from 'react';
import { pieces_of, type Piece, type Span } from '../lib/spans';

const colours: Readonly<Record<string, string>> = { evidence: 'var(--mark)', raises: '214, 72, 47', lowers: '38, 150, 108' };

function Marked({ piece }: { piece: Piece }): ReactNode {
  const shade = piece.spans.filter((span) => span.kind !== 'entity').sort((a, b) => b.weight - a.weight)[0];
  const entity = piece.spans.find((span) => span.kind === 'entity');
  if (!shade && !entity) return piece.text;
  const style: CSSProperties = shade ? { backgroundColor: `rgba(${colours[shade.kind] ?? 'var(--mark)'}, ${(0.06 + 0.5 * shade.weight).toFixed(2)})` } : {};
  const title = shade?.note ?? entity?.note;
  const names = [shade ? `mark-${shade.kind}` : '', entity ? 'mark-entity' : ''].join(' ').trim();
  return <mark className={names} style={style} title={title}>{piece.text}</mark>;
}

export function MarkedText({ text, spans }: { text: string; spans: readonly Span[] }): ReactNode {
  const pieces = useMemo(() => pieces_of(text, spans), [text, spans]);
  return <p className="document-text">{pieces.map((piece) => <Marked key={piece.start} piece={piece} />)}</p>;
}
