import type { BackoffQuery } from '@bmdb/api/contract'
import { BulkButton } from '../actions/bulk-button.tsx'
import { backoffColumns, backoffKey } from '../parts/backoff-table.tsx'
import { Choice, Filters, ProcessFilter, TextFilter } from '../parts/filters.tsx'
import { List } from '../parts/list.tsx'
import { Page } from '../parts/page.tsx'
import { Tabs } from '../parts/tabs.tsx'
import { defined, useUrlFilters } from '../parts/url-filters.ts'

/** `/backoffs`: in backoff, or parked. */
export function BackoffsPage() {
  const filters = useUrlFilters()
  const parked = filters.get('tab') === 'parked'
  const process = filters.get('process')
  const filter = defined({ process, machineId: filters.get('machineId'), parked })
  const naturally = parked ? 'parked' : 'until'
  const href = (tab: string): string => `/backoffs?${new URLSearchParams(defined({ tab, process })).toString()}`
  return (
    <Page
      title={parked ? 'Parked' : 'Backoffs'}
      actions={
        parked ? (
          <BulkButton verb="unparkMatching" filter={filter} />
        ) : (
          <BulkButton verb="clearBackoffsMatching" filter={filter} />
        )
      }
    >
      <Tabs
        label="Backoffs"
        items={[
          { label: 'In backoff', href: href('backoff'), current: !parked },
          { label: 'Parked', href: href('parked'), current: parked },
        ]}
      />
      <Filters>
        <ProcessFilter filters={filters} />
        <TextFilter filters={filters} name="machineId" label="Machine" placeholder="the whole id" />
        <Choice
          filters={filters}
          name="order"
          label="Order"
          any={parked ? 'latest first' : 'soonest over first'}
          options={[{ value: 'machine', label: 'by machine' }]}
        />
      </Filters>
      <List
        of="backoffs"
        query={{ ...filter, order: (filters.get('order') ?? naturally) as NonNullable<BackoffQuery['order']> }}
        label={parked ? 'Parked' : 'In backoff'}
        empty={
          parked
            ? 'Nothing is parked: no process waits for an operator on any machine.'
            : 'Nothing is in backoff: no process failed lately on any machine.'
        }
        keyOf={backoffKey}
        columns={(readAt) => backoffColumns(parked, readAt)}
      />
    </Page>
  )
}
