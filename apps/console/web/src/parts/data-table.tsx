import type { ReactNode } from 'react'

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => ReactNode
  /** Numbers stand to the right. */
  readonly number?: true
  /** What acts: its heading is for screen readers alone. */
  readonly acts?: true
}

interface DataTableProps<Row> {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string
}

/**
 * A table; where the window is narrow, a card for each row. Its roles are said again, since browsers forget them when
 * the style shows rows as blocks.
 */
export function DataTable<Row>({ label, columns, rows, keyOf }: DataTableProps<Row>) {
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={`${label}: table`}>
      <table className="table" role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ title, number, acts }) => (
              <th key={title} role="columnheader" scope="col" className={number && 'number'}>
                {acts ? <span className="unseen">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {columns.map(({ title, cell, number, acts }) => (
                <td
                  key={title}
                  role="cell"
                  className={acts ? 'acts' : number && 'number'}
                  data-label={acts ? '' : title}
                >
                  <div>{cell(row)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
