import type { Logger, PrismaClientLike } from '@bmdb/core'
import { invalid, number, optional, wholeNumber } from './arguments.ts'
import { quietLogger } from './log.ts'
import { noRunnerMetrics, type RunnerMetrics } from './metrics.ts'
import { isProcess, type Process } from './process.ts'

/** What {@link startRunner} takes. */
export interface RunnerOptions<Client extends PrismaClientLike> {
  /** What it runs, each made by `defineProcess`. At least one, each name once. */
  readonly processes: readonly Process<Client>[]
  /** How many runs at the same time in all, 1 to 1000. Default 16. */
  readonly concurrency?: number | undefined
  /** The lease of its session in whole seconds, 1 to 3600: so long after its last beat others take over. Default 5. */
  readonly intervalSeconds?: number | undefined
  /** The longest wait where there is nothing to do, a quarter more or less, 0.05 to 3600 seconds. Default 5. */
  readonly pollSeconds?: number | undefined
  /** When it is stopped: how long what is under way may take to end, 0 to 3600 seconds. Default 2. */
  readonly drainSeconds?: number | undefined
  /** How long a run that was told to stop may take, before it is left behind and its work ends: 0.1 to 3600 seconds. Default 10. */
  readonly graceSeconds?: number | undefined
  /** How often the machines of each process are counted for the metrics, 0 to 3600 seconds; 0: never. Default 30. */
  readonly countSeconds?: number | undefined
  /** Its abort stops the runner, as {@link Runner.stop} does. */
  readonly signal?: AbortSignal | undefined
  /** Default: quiet. */
  readonly logger?: Logger | undefined
  /** Default: none, and then nothing is counted. `@bmdb/worker/prometheus` has one for prom-client. */
  readonly metrics?: RunnerMetrics | undefined
  /** Replaces conflicts and limits that were declared otherwise before. Default false: that is an error. */
  readonly replaceDeclarations?: boolean | undefined
}

/** Options with their defaults. */
export interface RunnerSetting<Client extends PrismaClientLike> {
  readonly processes: readonly Process<Client>[]
  readonly concurrency: number
  readonly intervalSeconds: number
  readonly pollSeconds: number
  readonly drainSeconds: number
  readonly graceSeconds: number
  readonly countSeconds: number
  readonly signal: AbortSignal | undefined
  readonly logger: Logger
  readonly metrics: RunnerMetrics
  readonly replaceDeclarations: boolean
}

/** @throws InvalidArgumentError, which names the option */
export function checkedOptions<Client extends PrismaClientLike>(options: RunnerOptions<Client>): RunnerSetting<Client> {
  if (typeof options !== 'object' || options === null) invalid('options', options, 'an object')
  const { signal, logger, metrics, replaceDeclarations = false } = options
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    invalid('signal', signal, 'an AbortSignal')
  if (typeof replaceDeclarations !== 'boolean') invalid('replaceDeclarations', replaceDeclarations, 'true or false')
  optional(logger, (given) => methods('logger', given, ['debug', 'info', 'warn', 'error']))
  optional(metrics, (given) => methods('metrics', given, ['count', 'observe', 'gauge']))
  return {
    processes: checkedProcesses(options.processes),
    concurrency: wholeNumber('concurrency', options.concurrency ?? 16, 1, 1_000),
    intervalSeconds: wholeNumber('intervalSeconds', options.intervalSeconds ?? 5, 1, 3_600),
    pollSeconds: number('pollSeconds', options.pollSeconds ?? 5, 0.05, 3_600),
    drainSeconds: number('drainSeconds', options.drainSeconds ?? 2, 0, 3_600),
    graceSeconds: number('graceSeconds', options.graceSeconds ?? 10, 0.1, 3_600),
    // Counting costs the database something: not where nobody looks.
    countSeconds: metrics === undefined ? 0 : number('countSeconds', options.countSeconds ?? 30, 0, 3_600),
    signal,
    logger: logger ?? quietLogger,
    metrics: metrics ?? noRunnerMetrics,
    replaceDeclarations,
  }
}

function checkedProcesses<Client extends PrismaClientLike>(given: unknown): readonly Process<Client>[] {
  if (!Array.isArray(given) || given.length === 0) invalid('processes', given, 'an array of at least one process')
  const names = new Set<string>()
  return (given as Process<Client>[]).map((process, index) => {
    if (!isProcess(process)) invalid(`processes[${index}]`, process, 'made by defineProcess')
    if (names.has(process.name)) invalid(`processes[${index}]`, process.name, 'another process: each name once')
    names.add(process.name)
    return process
  })
}

function methods(name: string, value: object, expected: readonly string[]): void {
  const given = value as Record<string, unknown> | null
  for (const method of expected)
    if (typeof given?.[method] !== 'function') invalid(`${name}.${method}`, given?.[method], 'a function')
}
