import type { HistoryQuery } from '@bmdb/api/contract'
import { Button, TextInput } from '@mantine/core'
import { urlOf } from '../api/request.ts'
import { Choice, Filters, ProcessFilter, TextFilter } from '../parts/filters.tsx'
import { Page } from '../parts/page.tsx'
import { Timeline } from '../parts/timeline.tsx'
import { defined, useUrlFilters, type UrlFilters } from '../parts/url-filters.ts'

// As the contract has them, whose schemas do not come along into the browser.
const events: readonly NonNullable<HistoryQuery['event']>[] = [
  'Started',
  'Finished',
  'Failed',
  'Snoozed',
  'Parked',
  'Canceled',
  'Expired',
  'Released',
]

/** `/history`: what happened to work, and what operators did. */
export function HistoryPage() {
  const filters = useUrlFilters()
  const query = queryOf(filters)
  return (
    <Page
      title="History"
      actions={
        <Button component="a" size="compact-xs" variant="default" href={urlOf('history/export', query)} download>
          Export as JSON
        </Button>
      }
    >
      <Filters>
        <TextFilter filters={filters} name="search" label="Search" placeholder="cause, reason, who" />
        <Choice
          filters={filters}
          name="kind"
          label="Kind"
          options={[
            { value: 'work', label: 'of work' },
            { value: 'operator', label: 'by operators' },
          ]}
        />
        <ProcessFilter filters={filters} />
        <Choice
          filters={filters}
          name="event"
          label="Event"
          options={events.map((event) => ({ value: event, label: event }))}
        />
        <TextFilter filters={filters} name="machineId" label="Machine" placeholder="the whole id" />
        <TextFilter filters={filters} name="sessionId" label="Session" placeholder="the whole id" />
        <TimeFilter filters={filters} name="from" label="From, local time" />
        <TimeFilter filters={filters} name="to" label="To, local time" />
      </Filters>
      <Timeline
        query={query}
        label="History"
        empty={
          Object.keys(query).length > 0
            ? 'Nothing that happened matches.'
            : 'Nothing happened yet: no work was ever claimed.'
        }
      />
    </Page>
  )
}

function queryOf(filters: UrlFilters): HistoryQuery {
  return defined({
    search: filters.get('search'),
    kind: filters.get('kind') as HistoryQuery['kind'],
    process: filters.get('process'),
    event: filters.get('event') as HistoryQuery['event'],
    machineId: filters.get('machineId'),
    sessionId: filters.get('sessionId'),
    from: filters.get('from'),
    to: filters.get('to'),
  })
}

/** In local time here, in UTC in the URL, which others open elsewhere. */
function TimeFilter({ filters, name, label }: { filters: UrlFilters; name: string; label: string }) {
  const given = filters.get(name)
  const change = (text: string): void => {
    const time = new Date(text)
    filters.set({ [name]: Number.isNaN(time.getTime()) ? null : time.toISOString() })
  }
  return (
    <TextInput
      type="datetime-local"
      step={1}
      size="xs"
      label={label}
      defaultValue={given === undefined ? '' : localInput(given)}
      onChange={(event) => change(event.currentTarget.value)}
    />
  )
}

function localInput(iso: string): string {
  const time = new Date(iso)
  if (Number.isNaN(time.getTime())) return ''
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}
