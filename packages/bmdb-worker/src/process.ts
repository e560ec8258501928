import type { Backoff, Logger, PrismaClient, PrismaClientLike, Work } from '@bmdb/core'
import { aYear, checkedBackoff, invalid, optional, optionalFunction, text, wholeNumber } from './arguments.ts'
import type { Eligible, MachineInclude, MachineRow } from './machine-types.ts'
import type { RunResult, RunReturn } from './results.ts'

/** What a run gets. */
export interface RunContext<Client extends PrismaClientLike, Include = object> {
  /** The machine's row as it was when the run began, with what the declaration includes. */
  readonly machine: MachineRow<Client, Include>
  /** The lock. The runner ends it by what the run returns; `work.transact` commits on the way. */
  readonly work: Work<Client>
  /**
   * Aborts when the run has to end: the work is lost, an operator released it, the time limit passed, or the runner was
   * stopped and the drain is over. Hand it to everything that waits.
   */
  readonly signal: AbortSignal
  /** Greater than the token of every earlier claim of this (machine, process): for what is outside the database. */
  readonly token: bigint
  /** Which attempt this is since the last success, from 1. */
  readonly attempt: number
  /** The runner's logger; each line has the process, the machine and the token. */
  readonly log: Logger
  /** The typed Prisma client, for reads; what it writes is not guarded by the work. */
  readonly prisma: Client
  /**
   * Tells operators how far it is. Returns at once and never throws: the newest report is written at most once a second.
   * @param message - up to 500 characters
   * @param percent - 0 to 100
   */
  readonly progress: (message: string, percent?: number) => void
}

/** A process as it is declared. */
export interface ProcessDefinition<Client extends PrismaClientLike, Include = object> {
  /** The process's name, 1 to 128 characters. */
  readonly name: string
  /** Which machines need it. Default: every machine. */
  readonly eligible?: Eligible<Client> | undefined
  /** Processes that are never on one machine with this one at the same time. Default: none. */
  readonly conflictsWith?: readonly string[] | undefined
  /** For each kind of failure domain, such as `rack`, how many machines of one domain may be held at a time. Default: any. */
  readonly failureDomains?: Readonly<Record<string, number>> | undefined
  /** How long it stays off a machine on which it failed. Default: 10 s, doubled each time up to an hour, with jitter. */
  readonly backoff?: Backoff | undefined
  /** At so many failures without a success in between, from 1, the machine is parked for the process. Default: never. */
  readonly maxAttempts?: number | undefined
  /** The limit of one run in whole seconds, 1 to a year. Default: none. */
  readonly timeoutSeconds?: number | undefined
  /** Without a report of progress for so many whole seconds, up to a year, a run counts as stuck. Default: never. */
  readonly progressSeconds?: number | undefined
  /** How many runs of it a runner has at the same time, 1 to 1000. Default: the runner's. */
  readonly concurrency?: number | undefined
  /** Relations of the machine that are read along, as Prisma's `include` has them. Default: none. */
  readonly include?: (Include & MachineInclude<Client>) | undefined
  /**
   * One run on one machine. What it returns ends the work: a function, which `finish` runs in its transaction, perhaps
   * several times; `snooze(seconds)`, `park(reason)` or `cancel()`; or nothing, a plain `finish`. What it throws fails it.
   */
  readonly run: (context: RunContext<Client, Include>) => Promise<RunReturn<Client>> | RunReturn<Client>
  /** Says how an error of the run ends it; undefined: it fails. Asked only where the error does not say it itself. */
  readonly onError?: ((error: unknown) => RunResult | undefined) | undefined
}

/** A checked declaration: what `startRunner` takes. Made by {@link defineProcess}. */
export interface Process<Client extends PrismaClientLike> {
  readonly [defined]: true
  readonly name: string
  readonly condition: { readonly where?: unknown; readonly sql?: string }
  readonly conflictsWith: readonly string[]
  readonly failureDomains: Readonly<Record<string, number>>
  readonly backoff: Backoff
  readonly maxAttempts: number | undefined
  readonly timeoutSeconds: number | undefined
  readonly progressSeconds: number | undefined
  readonly concurrency: number | undefined
  readonly include: object | undefined
  /** Takes a {@link RunContext} with what `include` says. */
  readonly run: (context: never) => Promise<RunReturn<Client>> | RunReturn<Client>
  readonly onError: ((error: unknown) => RunResult | undefined) | undefined
}

/** Marks what {@link defineProcess} made, also where two copies of the package meet. */
const defined: unique symbol = Symbol.for('@bmdb/worker/process') as never

// Whatever does not answer now will hardly do so in a second; after some failures, an hour is soon enough.
const defaultBackoff: Backoff = { initialSeconds: 10, exponent: 2, maximumSeconds: 3_600, jitter: true }

/**
 * Declares a process once: the claim, the counts, the explanations and the metrics follow from it.
 *
 * With a Prisma client of your own give its type, and what is included: `defineProcess<MyClient, { bmc: true }>({ … })`.
 * @throws InvalidArgumentError, which names the option
 */
export function defineProcess<Client extends PrismaClientLike = PrismaClient, const Include = object>(
  definition: ProcessDefinition<NoInfer<Client>, Include>,
): Process<Client> {
  if (typeof definition !== 'object' || definition === null) invalid('process', definition, 'an object')
  const { include, run } = definition
  if (typeof run !== 'function') invalid('run', run, 'a function')
  if (include !== undefined && (typeof include !== 'object' || include === null))
    invalid('include', include, 'an object of relations')
  return Object.freeze({
    [defined]: true as const,
    name: text('name', definition.name, 128),
    condition: conditionOf(definition.eligible),
    // The core checks what is inside where it declares the process.
    conflictsWith: definition.conflictsWith ?? [],
    failureDomains: definition.failureDomains ?? {},
    backoff: optional(definition.backoff, checkedBackoff) ?? defaultBackoff,
    maxAttempts: optional(definition.maxAttempts, (value) => wholeNumber('maxAttempts', value, 1, 1_000_000)),
    timeoutSeconds: optional(definition.timeoutSeconds, (value) => wholeNumber('timeoutSeconds', value, 1, aYear)),
    progressSeconds: optional(definition.progressSeconds, (value) => wholeNumber('progressSeconds', value, 1, aYear)),
    concurrency: optional(definition.concurrency, (value) => wholeNumber('concurrency', value, 1, 1_000)),
    include: include,
    run,
    onError: optionalFunction('onError', definition.onError),
  })
}

/** True for what {@link defineProcess} made. */
export function isProcess(value: unknown): boolean {
  return typeof value === 'object' && value !== null && defined in value
}

function conditionOf(eligible: unknown): Process<PrismaClient>['condition'] {
  if (eligible === undefined) return {}
  if (typeof eligible !== 'object' || eligible === null) invalid('eligible', eligible, 'a Prisma where, or { sql }')
  if (!('sql' in eligible)) return { where: eligible }
  if (Object.keys(eligible).length > 1) invalid('eligible.sql', eligible.sql, 'alone, without a where beside it')
  return { sql: text('eligible.sql', eligible.sql, 100_000) }
}
