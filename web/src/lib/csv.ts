// SPDX-License-Identifier: Apache-2.0
// CSV that a person pastes: RFC 4180 quotes, comma, semicolon or tab (whichever the header has most of).

export interface CsvError {
  line: number;
  cells: number;
  expected: number;
}

export interface Csv {
  columns: string[];
  rows: Record<string, string>[];
  errors: CsvError[];
}

function separator_of(text: string): string {
  const header = text.slice(0, text.search(/[\r\n]|$/));
  let best = ',';
  for (const candidate of [',', ';', '\t']) {
    if (header.split(candidate).length > header.split(best).length) best = candidate;
  }
  return best;
}

function cells_of(text: string, separator: string): { cells: string[]; line: number }[] {
  const rows: { cells: string[]; line: number }[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let first_line = 1;
  const end_row = (): void => {
    cells.push(cell);
    if (cells.length > 1 || cells[0] !== '') rows.push({ cells, line: first_line });
    cells = [];
    cell = '';
  };
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (c === '\n') line += 1;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === separator) {
      cells.push(cell);
      cell = '';
    } else if (c === '\n') {
      end_row();
      first_line = line;
    } else if (c !== '\r') cell += c;
  }
  end_row();
  return rows;
}

export function parse_csv(text: string): Csv {
  const plain = text.replace(/^\uFEFF/, '');
  const [header, ...body] = cells_of(plain, separator_of(plain));
  const columns = (header?.cells ?? []).map((name) => name.trim());
  const result: Csv = { columns, rows: [], errors: [] };
  for (const { cells, line } of body) {
    if (cells.length !== columns.length) result.errors.push({ line, cells: cells.length, expected: columns.length });
    else result.rows.push(Object.fromEntries(columns.map((name, i) => [name, (cells[i] ?? '').trim()])));
  }
  return result;
}
