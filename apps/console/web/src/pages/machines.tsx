import type { Machine, MachineQuery } from '@bmdb/api/contract'
import { ActButton } from '../actions/act-button.tsx'
import { useMachineFilters } from '../api/use-reads.ts'
import type { Column } from '../parts/data-table.tsx'
import { Domains } from '../parts/domains.tsx'
import { Choice, Filters, ProcessFilter, TextFilter } from '../parts/filters.tsx'
import { MachineId, ProcessLink } from '../parts/ids.tsx'
import { List } from '../parts/list.tsx'
import { Page } from '../parts/page.tsx'
import { Tag } from '../parts/tag.tsx'
import { defined, useUrlFilters, type UrlFilters } from '../parts/url-filters.ts'
import { When } from '../parts/when.tsx'

/** `/machines` */
export function MachinesPage() {
  const filters = useUrlFilters()
  const query = queryOf(filters)
  const isFiltered = Object.keys(query).length > 0
  return (
    <Page title="Machines" actions={<ActButton verb="addMachine" body={{}} readAt={Number.POSITIVE_INFINITY} />}>
      <MachineFilterRow filters={filters} />
      <List
        of="machines"
        query={query}
        label="Machines"
        empty={
          isFiltered
            ? 'No machine matches these filters.'
            : 'No machine is registered. Programs register machines, or an operator adds them here.'
        }
        keyOf={({ id }) => id}
        columns={() => columns}
      />
    </Page>
  )
}

function queryOf(filters: UrlFilters): MachineQuery {
  const process = filters.get('process')
  const domain = filters.get('domain')
  return defined({
    search: filters.get('search'),
    retired: filters.flag('retired'),
    lockedOut: filters.flag('lockedOut'),
    fact: filters.get('fact'),
    withoutFact: filters.get('withoutFact'),
    // Each of a pair means something with the other alone.
    kind: domain === undefined ? undefined : filters.get('kind'),
    domain: filters.get('kind') === undefined ? undefined : domain,
    process,
    state: process === undefined ? undefined : ((filters.get('state') ?? 'held') as MachineQuery['state']),
  })
}

function MachineFilterRow({ filters }: { filters: UrlFilters }) {
  const { data } = useMachineFilters()
  const facts = (data?.facts ?? []).map((fact) => ({ value: fact, label: fact.replaceAll('_', ' ') }))
  const kind = filters.get('kind')
  const domains = data?.failureDomains.find((each) => each.kind === kind)?.domains ?? []
  return (
    <Filters>
      <TextFilter filters={filters} name="search" label="Search" placeholder="id or BMC address" />
      <Choice filters={filters} name="fact" label="With fact" options={facts} />
      <Choice filters={filters} name="withoutFact" label="Without fact" options={facts} />
      <ProcessFilter filters={filters} />
      {filters.get('process') !== undefined && (
        <Choice filters={filters} name="state" label="It is" any="held" options={states} />
      )}
      <Choice
        filters={filters}
        name="kind"
        label="Failure domain"
        options={(data?.failureDomains ?? []).map((each) => ({ value: each.kind, label: each.kind }))}
      />
      {kind !== undefined && (
        <Choice
          filters={filters}
          name="domain"
          label={`Which ${kind}`}
          options={domains.map((domain) => ({ value: domain, label: domain }))}
        />
      )}
      <Choice filters={filters} name="retired" label="Service" options={services} />
      <Choice filters={filters} name="lockedOut" label="Lock-out" options={lockOuts} />
    </Filters>
  )
}

const states = [
  { value: 'backoff', label: 'in backoff' },
  { value: 'parked', label: 'parked' },
]
const services = [
  { value: 'false', label: 'in service' },
  { value: 'true', label: 'retired' },
]
const lockOuts = [
  { value: 'true', label: 'locked out' },
  { value: 'false', label: 'not locked out' },
]

const columns: readonly Column<Machine>[] = [
  { title: 'Machine', cell: ({ id }) => <MachineId id={id} full /> },
  { title: 'State', cell: (machine) => <MachineState machine={machine} /> },
  {
    title: 'Held by',
    cell: ({ held }) =>
      held.length === 0 ? (
        <span className="dim">nobody</span>
      ) : (
        <span className="tags">
          {held.map((process) => (
            <ProcessLink key={process} process={process} />
          ))}
        </span>
      ),
  },
  { title: 'Failure domains', cell: ({ failureDomains }) => <Domains of={failureDomains} /> },
  {
    title: 'Facts',
    cell: ({ facts }) => facts.map((fact) => fact.replaceAll('_', ' ')).join(', ') || <span className="dim">none</span>,
  },
  { title: 'Registered', cell: ({ createdAt }) => <When at={createdAt} /> },
]

/** Whether it is kept out of use. */
export function MachineState({ machine: { retiredAt, lockOut } }: { machine: Machine }) {
  return (
    <span className="tags">
      {retiredAt !== null && <Tag>retired</Tag>}
      {lockOut !== null && (
        <Tag tone="warn" title={`by ${lockOut.by}: ${lockOut.reason}`}>
          locked out
        </Tag>
      )}
      {retiredAt === null && lockOut === null && <span className="dim">in service</span>}
    </span>
  )
}
