// SPDX-License-Identifier: Apache-2.0
// Dense tables. On a phone each row becomes a small block whose cells carry their column's name.
import type { KeyboardEvent, ReactNode } from 'react';
import type { PagedList } from '../lib/resource';
import { useWords } from '../lib/language';
import { Button, Empty, Failure, Loading } from './basic';
import { Icon } from './icons';

export interface Column<T> {
  head: string;
  cell: (row: T) => ReactNode;
  numeric?: boolean;
  /** Takes what width is left. */
  wide?: boolean;
  className?: string;
}

interface TableProps<T> {
  label: string;
  busy?: boolean;
  columns: readonly Column<T>[];
  rows: readonly T[];
  row_key: (row: T) => string;
  onOpen?: (row: T) => void;
  selected?: (row: T) => boolean;
}

export function Table<T>(props: TableProps<T>): ReactNode {
  const { onOpen, selected } = props;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={props.label} aria-busy={props.busy === true}>
      <table className={onOpen ? 'table rows-open' : 'table'}>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.head} scope="col" className={column.numeric ? 'numeric' : column.wide ? 'wide' : undefined}>{column.head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => {
            const is_selected = selected?.(row) ?? false;
            const open = onOpen && {
              tabIndex: 0,
              'aria-selected': is_selected,
              onClick: () => onOpen(row),
              onKeyDown: (event: KeyboardEvent) => {
                if (event.target === event.currentTarget && (event.key === 'Enter' || event.key === ' ')) {
                  event.preventDefault();
                  onOpen(row);
                }
              },
            };
            return (
              <tr key={props.row_key(row)} className={is_selected ? 'selected' : undefined} {...open}>
                {props.columns.map((column) => (
                  <td key={column.head} data-head={column.head} className={`${column.numeric ? 'numeric' : ''}${column.wide ? ' wide' : ''} ${column.className ?? ''}`}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** A table over a paged list, with its loading, empty and failed states. */
export function ListTable<T>(props: Omit<TableProps<T>, 'rows'> & { list: PagedList<T>; empty: ReactNode; empty_hint?: ReactNode }): ReactNode {
  const { t } = useWords();
  const { list, empty, empty_hint, ...rest } = props;
  if (list.problem) return <Failure problem={list.problem} retry={list.reload} />;
  if (list.items.length === 0) return list.loading ? <Loading /> : <Empty title={empty}>{empty_hint}</Empty>;
  return (
    <>
      <Table {...rest} rows={list.items} busy={list.loading} />
      {list.more && (
        <div className="more">
          <Button onClick={list.load_more} busy={list.loading}>{t('action.more')}</Button>
        </div>
      )}
    </>
  );
}

export function CsvLink({ path }: { path: string }): ReactNode {
  const { t } = useWords();
  const href = `${path}${path.includes('?') ? '&' : '?'}format=csv`;
  return (
    <a className="button quiet" href={href} download>
      <Icon name="download" size={14} />
      {t('action.csv')}
    </a>
  );
}
