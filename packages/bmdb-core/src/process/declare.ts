import { v4 as newId } from 'uuid'
import { invalid, text, wholeNumber } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { inOneTransaction, readOwn, runOwn } from '../database/own-statements.ts'
import { ProcessDeclarationError, TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import { lockOutClaims } from '../sql/claim-rules.ts'
import { readDeclaration, storeDeclaration } from '../sql/declare.ts'
import { act } from '../sql/operators.ts'
import { lockWait } from '../operator/acting.ts'
import { processName } from '../work/process-name.ts'

/** What is said of a process once, and binds every program from then on. */
export interface ProcessDeclaration {
  /** The process's name, 1 to 128 characters. */
  readonly process: string
  /** Processes that must never be on one machine with this one at the same time; one of the two has to say it. */
  readonly conflictsWith?: readonly string[] | undefined
  /** For each kind of failure domain, such as `rack`, how many machines of one domain may be held at a time, from 1. */
  readonly failureDomains?: Readonly<Record<string, number>> | undefined
  /** Which machines need it, for counts and explanations: a Prisma `where` on machines, as far as JSON can say it. */
  readonly where?: unknown
  /** The same as a condition in SQL on `m`, the row of `machines`; see `claimable`. */
  readonly sql?: string | undefined
}

/** Options of `connection.declareProcess`. */
export interface DeclareOptions extends WaitOptions {
  /** Replaces rules that were declared otherwise before. Default false: that is an error. */
  readonly replace?: boolean | undefined
}

/** A declaration as it is stored. */
export interface StoredDeclaration {
  readonly conflictsWith: readonly string[]
  readonly failureDomains: Readonly<Record<string, number>>
  readonly where?: unknown
  readonly sql?: string
}

/**
 * Declares a process. The same again changes nothing; other conditions replace the stored ones; other conflicts or limits
 * are an error unless `replace` is given, since programs that rely on either would be wrong about the other.
 */
export async function declareProcess(
  database: Database,
  component: string,
  declaration: ProcessDeclaration,
  options: DeclareOptions = {},
): Promise<void> {
  const process = processName(declaration?.process)
  const wanted = checked(declaration)
  const what = `declaration of ${process}`
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError(what, ms))
  let tries = 0
  for (;;) {
    const stored = await read(database, process, limit)
    if (stored !== undefined) {
      if (JSON.stringify(stored.declaration) === JSON.stringify(wanted)) return
      if (rulesOf(stored.declaration) !== rulesOf(wanted) && options.replace !== true)
        throw new ProcessDeclarationError(
          process,
          `${process} was declared by ${stored.by} with ${rulesOf(stored.declaration)}, and now with ` +
            `${rulesOf(wanted)}: make both programs say the same, or declare it with { replace: true }`,
        )
    }
    const done = await runOwn(database, limit, what, async (connection) => {
      const reason = stored === undefined ? 'declared' : `was: ${rulesOf(stored.declaration)}`
      const results = await inOneTransaction(connection, database.dialect, [
        lockWait((tries += 1)),
        ...[process, ...wanted.conflictsWith].flatMap((one) => lockOutClaims(database.dialect, { process: one })),
        ...storeDeclaration(process, component, stored?.declaration ?? null, wanted),
        act(
          'declare',
          { historyId: newId(), operator: component, action: 'declare process', reason, process },
          'SELECT 1 FROM processes WHERE process = $6::text AND declared_at = now()',
        ),
      ])
      return (results[results.length - 8]?.rowCount ?? 0) > 0
    })
    if (done) return
  }
}

async function read(
  database: Database,
  process: string,
  limit: Limit,
): Promise<{ declaration: StoredDeclaration; by: string } | undefined> {
  const { rows } = await readOwn(database, limit, `declaration of ${process}`, (connection) =>
    connection.query<{ declaration: StoredDeclaration | null; declared_by: string }>(readDeclaration(process)),
  )
  const [row] = rows
  return row?.declaration == null ? undefined : { declaration: inOrder(row.declaration), by: row.declared_by }
}

function checked(declaration: ProcessDeclaration): StoredDeclaration {
  const { process, conflictsWith = [], failureDomains = {}, where, sql } = declaration
  if (!Array.isArray(conflictsWith)) invalid('conflictsWith', conflictsWith, 'an array of processes')
  for (const other of conflictsWith as readonly string[])
    if (processName(other) === process)
      invalid('conflictsWith', other, 'other processes: every process excludes itself')
  if (typeof failureDomains !== 'object' || failureDomains === null)
    invalid('failureDomains', failureDomains, 'an object of numbers')
  for (const [kind, maximum] of Object.entries(failureDomains))
    wholeNumber(`failureDomains.${text('a kind of failure domain', kind, 128)}`, maximum, 1, 1_000_000)
  if (where !== undefined && sql !== undefined) invalid('sql', sql, 'absent where a `where` is given')
  return inOrder({
    conflictsWith,
    failureDomains,
    ...(where === undefined ? {} : { where }),
    ...(sql === undefined ? {} : { sql }),
  })
}

/** The same thing always as the same text: names in order, and only what JSON can say. */
function inOrder(declaration: StoredDeclaration): StoredDeclaration {
  const { conflictsWith, failureDomains, where, sql } = declaration
  return {
    conflictsWith: [...new Set(conflictsWith)].sort(),
    failureDomains: Object.fromEntries(Object.entries(failureDomains).sort(([one], [other]) => (one < other ? -1 : 1))),
    ...(where === undefined ? {} : { where: sorted(JSON.parse(JSON.stringify(where)) as unknown) }),
    ...(sql === undefined ? {} : { sql }),
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

function rulesOf({ conflictsWith, failureDomains }: StoredDeclaration): string {
  const limits = Object.entries(failureDomains).map(([kind, maximum]) => `at most ${maximum} of one ${kind}`)
  const conflicts = conflictsWith.length === 0 ? 'no conflicts' : `conflicts with ${conflictsWith.join(', ')}`
  return [conflicts, ...limits].join(', ')
}
