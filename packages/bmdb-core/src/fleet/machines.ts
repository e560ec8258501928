import type { QueryResultRow } from 'pg'
import { invalid, text, uuid } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { readOwn } from '../database/own-statements.ts'
import { MachineNotFoundError, TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import { processName } from '../work/process-name.ts'
import { Conditions } from './conditions.ts'
import { factTables, quoted, type FactTable } from './facts.ts'
import { readPage, type Page, type PageOptions } from './page.ts'

/** A machine, as operators see it. */
export interface MachineRow {
  readonly id: string
  readonly createdAt: Date
  readonly retiredAt: Date | null
  /** The lock-out in force, if there is one. */
  readonly lockOut: {
    readonly by: string
    readonly since: string
    readonly until: string | null
    readonly reason: string
  } | null
  readonly failureDomains: Readonly<Record<string, string>>
  /** The processes that hold it, holders alive. */
  readonly held: readonly string[]
  /** The facts that are known of it, such as `bmc`: the tables `machine_<fact>` that have a row for it. */
  readonly facts: readonly string[]
}

/** Options of `fleet.machines`. */
export interface MachineFilter extends PageOptions {
  /** Only retired ones, or only those that are not. Default: all. */
  readonly retired?: boolean | undefined
  /** Only those under a lock-out, or only those that are not. */
  readonly lockedOut?: boolean | undefined
  /** Only those of this failure domain. */
  readonly failureDomain?: { readonly kind: string; readonly domain: string } | undefined
  /** Only those whose id begins so. */
  readonly idPrefix?: string | undefined
  /** Only those whose id begins so, or whose BMC's address holds this. */
  readonly search?: string | undefined
  /** Only those of which this fact is known, such as `bmc`. */
  readonly fact?: string | undefined
  /** Only those of which this fact is not known. */
  readonly withoutFact?: string | undefined
  /** Only those that stand so for `process`. */
  readonly state?: 'held' | 'backoff' | 'parked' | undefined
  readonly process?: string | undefined
}

const key = [
  { column: 'm.machine_created_at', type: 'timestamptz' },
  { column: 'm.machine_id', type: 'uuid' },
] as const

/** Machines, oldest first. */
export async function listMachines(database: Database, filter: MachineFilter = {}): Promise<Page<MachineRow>> {
  const given = new Conditions()
  if (filter.retired !== undefined) given.byScan(`m.machine_retired_at IS ${filter.retired ? 'NOT ' : ''}NULL`)
  if (filter.lockedOut !== undefined) given.byScan(`o.machine_id IS ${filter.lockedOut ? 'NOT ' : ''}NULL`)
  if (filter.lockedOut === true) given.byIndex('m.machine_locked_out_at IS NOT NULL')
  if (filter.failureDomain !== undefined) {
    const kind = given.value(text('failureDomain.kind', filter.failureDomain.kind, 128))
    const domain = given.value(text('failureDomain.domain', filter.failureDomain.domain, 256))
    given.byIndex(`m.machine_id IN (SELECT f.machine_id FROM machine_failure_domains AS f
      WHERE f.kind = ${kind}::text AND f.failure_domain = ${domain}::text)`)
  }
  if (filter.idPrefix !== undefined) addPrefix(given, text('idPrefix', filter.idPrefix, 36))
  if (filter.search !== undefined) addSearch(given, text('search', filter.search, 256))
  addState(given, filter)
  const facts = await factTables(database, filter)
  for (const [name, not] of [
    ['fact', ''],
    ['withoutFact', 'NOT '],
  ] as const) {
    if (filter[name] !== undefined) given.byScan(`${not}${hasFact(factNamed(facts, name, filter[name]))}`)
  }
  return readPage(
    database,
    { what: 'listing machines', base: 'machines AS m', ...shown(facts), conditions: given, key },
    filter,
  )
}

/** What is known of one machine. */
export interface MachineDetails {
  readonly machine: MachineRow
  /** The row of each fact about it, without its `machine_id`. */
  readonly facts: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** One machine. @throws MachineNotFoundError */
export async function readMachine(
  database: Database,
  machineId: string,
  options: WaitOptions = {},
): Promise<MachineDetails> {
  const id = uuid('machineId', machineId)
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError('reading the machine', ms))
  const facts = await factTables(database, { signal: limit.signal, timeoutMs: Math.max(1, limit.remainingMs()) })
  const { columns, joins } = shown(facts)
  const rowsOfFacts = facts.map(
    ({ fact, table }) =>
      `(SELECT to_jsonb(t) - 'machine_id' FROM ${quoted(table)} AS t WHERE t.machine_id = m.machine_id) AS ${quoted(`fact ${fact}`)}`,
  )
  const { rows } = await readOwn(database, limit, 'reading the machine', (connection) =>
    connection.query<MachineRow & QueryResultRow>({
      text: `SELECT ${[columns, ...rowsOfFacts].join(', ')} FROM machines AS m ${joins} WHERE m.machine_id = $1::uuid`,
      values: [id],
    }),
  )
  if (rows[0] === undefined) throw new MachineNotFoundError(id)
  const entries = Object.entries(rows[0])
  const ofMachine = entries.filter(([name]) => !name.startsWith('fact '))
  const ofFacts = entries.filter(([name, value]) => name.startsWith('fact ') && value !== null)
  return {
    machine: Object.fromEntries(ofMachine) as unknown as MachineRow,
    facts: Object.fromEntries(ofFacts.map(([name, value]) => [name.slice('fact '.length), value])),
  }
}

/** What is shown of a machine. */
function shown(facts: readonly FactTable[]): { columns: string; joins: string } {
  const known = facts.map(({ fact, table }) => `CASE WHEN ${hasFact({ fact, table })} THEN ${literal(fact)} END`)
  return {
    columns: `m.machine_id AS id, m.machine_created_at AS "createdAt", m.machine_retired_at AS "retiredAt",
        CASE WHEN o.machine_id IS NULL THEN NULL ELSE json_build_object(
          'by', o.locked_out_by, 'since', o.locked_out_at, 'until', o.locked_out_until, 'reason', o.reason) END AS "lockOut",
        coalesce((SELECT json_object_agg(f.kind, f.failure_domain) FROM machine_failure_domains AS f
                  WHERE f.machine_id = m.machine_id), '{}'::json) AS "failureDomains",
        coalesce((SELECT json_agg(h.process ORDER BY h.process) FROM work AS h
                  WHERE h.machine_id = m.machine_id AND EXISTS (
                    SELECT 1 FROM session_leases AS l
                    WHERE l.session_id = h.session_id AND l.session_deadline > now() OFFSET 0)), '[]'::json) AS held,
        array_remove(ARRAY[${known.join(', ')}]::text[], NULL) AS facts`,
    joins: `LEFT JOIN LATERAL (
        SELECT x.machine_id, x.locked_out_by, x.locked_out_at, x.locked_out_until, x.reason
        FROM machine_locked_out AS x WHERE x.machine_id = m.machine_id OFFSET 0) AS o ON true`,
  }
}

function hasFact({ table }: FactTable): string {
  return `EXISTS (SELECT 1 FROM ${quoted(table)} AS t WHERE t.machine_id = m.machine_id OFFSET 0)`
}

/** A name of a table, as the catalog has it. */
function literal(name: string): string {
  return `'${name.replaceAll("'", "''")}'`
}

function factNamed(facts: readonly FactTable[], name: string, value: string): FactTable {
  const found = facts.find(({ fact }) => fact === value)
  const names = facts.map(({ fact }) => fact).join(', ')
  return found ?? invalid(name, value, `one of ${names}: a table machine_<fact> that has machine_id as its key`)
}

const lowest = '00000000-0000-0000-0000-000000000000'
const highest = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Whether a text is the beginning of a UUID. */
function isBeginning(prefix: string): boolean {
  const pattern = lowest.replaceAll('0', 'h')
  const fits = [...prefix].every((sign, at) => (pattern[at] === 'h' ? /[0-9a-f]/i.test(sign) : sign === pattern[at]))
  return fits && prefix.length <= pattern.length
}

function addPrefix(given: Conditions, prefix: string): void {
  if (!isBeginning(prefix)) return given.byIndex('false')
  const from = given.value(prefix + lowest.slice(prefix.length))
  const to = given.value(prefix + highest.slice(prefix.length))
  given.byIndex(`m.machine_id BETWEEN ${from}::uuid AND ${to}::uuid`)
}

function addSearch(given: Conditions, search: string): void {
  // Behind its first hyphen an id is hardly a part of an address any more.
  if (isBeginning(search) && search.length > 8) return addPrefix(given, search)
  const prefix = given.pattern(search.toLowerCase(), 'beginning')
  const part = given.pattern(search, 'anywhere')
  given.byScan(`(m.machine_id::text LIKE ${prefix}::text OR EXISTS (
    SELECT 1 FROM machine_bmc AS t WHERE t.machine_id = m.machine_id AND t.bmc_address ILIKE ${part}::text OFFSET 0))`)
}

function addState(given: Conditions, { state, process }: MachineFilter): void {
  if (state === undefined && process === undefined) return
  if (process === undefined) invalid('process', process, 'given where state is')
  if (state !== 'held' && state !== 'backoff' && state !== 'parked')
    invalid('state', state, 'one of held, backoff, parked')
  const name = given.value(processName(process))
  const of = (table: string, condition: string): string =>
    `EXISTS (SELECT 1 FROM ${table} AS x WHERE x.machine_id = m.machine_id AND x.process = ${name}::text AND ${condition} OFFSET 0)`
  given.byScan(
    {
      held: of(
        'work',
        'EXISTS (SELECT 1 FROM session_leases AS l WHERE l.session_id = x.session_id AND l.session_deadline > now() OFFSET 0)',
      ),
      backoff: of('work_backoff', 'x.parked_at IS NULL AND x.until > now()'),
      parked: of('work_backoff', 'x.parked_at IS NOT NULL'),
    }[state],
  )
}
