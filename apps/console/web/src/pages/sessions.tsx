import type { SessionQuery } from '@bmdb/api/contract'
import { BulkButton } from '../actions/bulk-button.tsx'
import { Choice, Filters, TextFilter } from '../parts/filters.tsx'
import { List } from '../parts/list.tsx'
import { Page } from '../parts/page.tsx'
import { endedColumns, sessionColumns } from '../parts/session-table.tsx'
import { Tabs } from '../parts/tabs.tsx'
import { defined, useUrlFilters } from '../parts/url-filters.ts'

const empty = {
  alive: 'No session is alive: no program is looking after the fleet.',
  expired: 'No session has expired: all whose deadline passed were ended by a takeover or a sweep.',
  ended: 'No session has ended lately.',
}

/** `/sessions`: alive, expired, or recently ended. */
export function SessionsPage() {
  const filters = useUrlFilters()
  const asked = filters.get('tab')
  const tab = asked === 'expired' || asked === 'ended' ? asked : 'alive'
  const component = filters.get('component')
  const alive = tab === 'alive'
  const href = (to: string): string => `/sessions?${new URLSearchParams(defined({ tab: to, component })).toString()}`
  return (
    <Page
      title="Sessions"
      actions={tab !== 'ended' && <BulkButton verb="endSessionsMatching" filter={defined({ alive, component })} />}
    >
      <Tabs
        label="Sessions"
        items={[
          { label: 'Alive', href: href('alive'), current: tab === 'alive' },
          { label: 'Expired', href: href('expired'), current: tab === 'expired' },
          { label: 'Recently ended', href: href('ended'), current: tab === 'ended' },
        ]}
      />
      <Filters>
        <TextFilter filters={filters} name="component" label="Component" placeholder="the whole name" />
        {tab !== 'ended' && (
          <Choice
            filters={filters}
            name="order"
            label="Order"
            any="newest first"
            options={[{ value: 'oldest', label: 'oldest first' }]}
          />
        )}
      </Filters>
      {tab === 'ended' ? (
        <List
          of="ended-sessions"
          query={defined({ component })}
          label="Sessions that ended"
          empty={empty.ended}
          keyOf={({ id }) => id}
          columns={endedColumns}
        />
      ) : (
        <List
          of="sessions"
          query={defined({ alive, component, order: filters.get('order') as SessionQuery['order'] })}
          label={alive ? 'Sessions that are alive' : 'Sessions that expired'}
          empty={component === undefined ? empty[tab] : 'No session matches.'}
          keyOf={({ id }) => id}
          columns={sessionColumns}
        />
      )}
    </Page>
  )
}
