import type { WorkQuery } from '@bmdb/api/contract'
import { BulkButton } from '../actions/bulk-button.tsx'
import { Choice, Filters, ProcessFilter, TextFilter } from '../parts/filters.tsx'
import { List } from '../parts/list.tsx'
import { Page } from '../parts/page.tsx'
import { defined, useUrlFilters } from '../parts/url-filters.ts'
import { workColumns, workKey } from '../parts/work-table.tsx'

/** `/work`: who holds what. */
export function WorkPage() {
  const filters = useUrlFilters()
  const filter = defined({
    process: filters.get('process'),
    machineId: filters.get('machineId'),
    sessionId: filters.get('sessionId'),
    stuck: filters.flag('stuck'),
  })
  const isFiltered = Object.keys(filter).length > 0
  return (
    <Page title="Work" actions={<BulkButton verb="releaseMatching" filter={filter} />}>
      <Filters>
        <ProcessFilter filters={filters} />
        <Choice
          filters={filters}
          name="stuck"
          label="Stuck"
          options={[
            { value: 'true', label: 'stuck' },
            { value: 'false', label: 'not stuck' },
          ]}
        />
        <TextFilter filters={filters} name="machineId" label="Machine" placeholder="the whole id" />
        <TextFilter filters={filters} name="sessionId" label="Session" placeholder="the whole id" />
        <Choice
          filters={filters}
          name="order"
          label="Order"
          any="oldest first"
          options={[
            { value: 'newest', label: 'newest first' },
            { value: 'machine', label: 'by machine' },
          ]}
        />
      </Filters>
      <List
        of="work"
        query={{ ...filter, ...defined({ order: filters.get('order') as WorkQuery['order'] }) }}
        label="Work that is held"
        empty={isFiltered ? 'No work matches.' : 'No machine is held by anybody.'}
        keyOf={workKey}
        columns={workColumns}
      />
    </Page>
  )
}
