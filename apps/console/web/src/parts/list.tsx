import { Button } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import { useList } from '../api/use-reads.ts'
import type { Lists } from '../api/reads.ts'
import { DataTable, type Column } from './data-table.tsx'
import { Empty, Failed, Lines, NotAgain } from './reading.tsx'

/** How many empty parts are passed over before somebody is asked whether to go on. */
const partsAtATime = 20

interface ListProps<Name extends keyof Lists> {
  of: Name
  query: Lists[Name]['query']
  label: string
  empty: ReactNode
  keyOf: (row: Lists[Name]['row']) => string
  /** `readAt`: when the rows were read, by the browser's clock. */
  columns: (readAt: number) => readonly Column<Lists[Name]['row']>[]
  /** Shows the rows in another way than as a table. */
  show?: (rows: readonly Lists[Name]['row'][], readAt: number) => ReactNode
}

/** A list, live, with more of it on demand. */
export function List<Name extends keyof Lists>({ of, query, label, empty, keyOf, columns, show }: ListProps<Name>) {
  const { data, error, dataUpdatedAt, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useList(of, query)
  const [searched, setSearched] = useState(partsAtATime)
  const rows = data?.pages.flatMap((page) => page.rows) ?? []
  const parts = data?.pages.length ?? 0
  const searching = rows.length === 0 && hasNextPage && parts < searched && error === null
  useEffect(() => {
    if (searching && !isFetchingNextPage) void fetchNextPage()
  }, [searching, isFetchingNextPage, parts, fetchNextPage])

  if (data === undefined)
    return error === null ? <Lines count={8} /> : <Failed error={error} again={() => void refetch()} />
  const more = (): void => {
    setSearched(parts + partsAtATime)
    void fetchNextPage()
  }
  return (
    <>
      {error !== null && <NotAgain error={error} />}
      {rows.length > 0 &&
        (show?.(rows, dataUpdatedAt) ?? (
          <DataTable label={label} columns={columns(dataUpdatedAt)} rows={rows} keyOf={keyOf} />
        ))}
      {rows.length === 0 && !hasNextPage && <Empty>{empty}</Empty>}
      <div className="list-foot">
        <span role="status">{footOf(rows.length, hasNextPage, searching)}</span>
        {hasNextPage && !searching && (
          <Button size="xs" variant="default" onClick={more} loading={isFetchingNextPage}>
            {rows.length === 0 ? 'Search on' : 'More'}
          </Button>
        )}
      </div>
    </>
  )
}

function footOf(count: number, hasNext: boolean, searching: boolean): string {
  if (count === 0) {
    if (!hasNext) return ''
    return searching ? 'Searched so far, nothing yet; searching on …' : 'Searched so far, nothing yet.'
  }
  return hasNext ? `${count} shown; there may be more.` : `${count} shown, that is all.`
}
