// SPDX-License-Identifier: Apache-2.0
// Byte spans to pieces of text. The API counts UTF-8 bytes, JavaScript counts UTF-16 units: the text is cut as bytes.

export interface Span {
  start: number;
  end: number;
  weight: number;
  kind: string;
  note?: string;
}

export interface Piece {
  text: string;
  start: number;
  spans: Span[];
}

/** The text cut wherever a span starts or ends, each piece with the spans that cover it. Spans outside the text are cut to
 * it; one that starts or ends inside a character takes the whole character. */
export function pieces_of(text: string, spans: readonly Span[]): Piece[] {
  const bytes = new TextEncoder().encode(text);
  const back = (at: number): number => {
    let i = Math.min(Math.max(at, 0), bytes.length);
    while (i > 0 && i < bytes.length && ((bytes[i] ?? 0) & 0xc0) === 0x80) i -= 1;
    return i;
  };
  const forth = (at: number): number => {
    let i = Math.min(Math.max(at, 0), bytes.length);
    while (i < bytes.length && ((bytes[i] ?? 0) & 0xc0) === 0x80) i += 1;
    return i;
  };
  const whole = spans
    .map((span) => ({ ...span, start: back(span.start), end: forth(span.end) }))
    .filter((span) => span.end > span.start);
  const cuts = new Set([0, bytes.length]);
  for (const span of whole) cuts.add(span.start).add(span.end);
  const at = [...cuts].sort((a, b) => a - b);
  const decoder = new TextDecoder();
  const pieces: Piece[] = [];
  for (let i = 0; i + 1 < at.length; i += 1) {
    const start = at[i] ?? 0;
    const end = at[i + 1] ?? 0;
    if (end <= start) continue;
    pieces.push({
      text: decoder.decode(bytes.subarray(start, end)),
      start,
      spans: whole.filter((span) => span.start <= start && end <= span.end),
    });
  }
  return pieces;
}

/** Some text around the first span, for lists: at most `length` characters, whole characters only. */
export function excerpt(text: string, length: number): string {
  const characters = [...text.replace(/\s+/g, ' ').trim()];
  return characters.length <= length ? characters.join('') : `${characters.slice(0, length - 1).join('')}…`;
}
