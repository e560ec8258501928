import { cockroachErrors, type Breakage, type ServerError } from '@bmdb/testing'

/**
 * What every fault does to a call, by the phase that it strikes in. The table in docs/guarantees.md is made of this, and
 * every cell of it is a test.
 */
export interface FaultRow {
  /** As the table names it. */
  readonly fault: string
  /** Each of them is injected; a row with a `scene` is played by a function of its own instead. */
  readonly injected?: readonly Injection[]
  readonly scene?: SceneName
  readonly outcomes: Readonly<Record<Phase, Outcome>>
}

/** A made-up answer of the server, or a connection that breaks. */
export type Injection = ServerError | { readonly cut: Breakage }

export const phases = {
  starting: 'before the function runs',
  running: 'in the function',
  committing: 'at COMMIT',
  untold: 'at COMMIT, and the database cannot tell the outcome',
  own: 'in a claim or an end',
  retrieving: 'at COMMIT of what `retrieve` read',
} as const

/**
 * - `starting`: at BEGIN and the guard, or before there is a connection
 * - `running`: at a statement of the function
 * - `committing`: at COMMIT, on a database that can be asked for the outcome: PostgreSQL
 * - `untold`: at COMMIT, on one that cannot: CockroachDB, or PostgreSQL when it has forgotten
 * - `own`: at BMDB's own claims and ends, which commit by themselves
 * - `retrieving`: at COMMIT of the transaction that `retrieve` reads in, before the claim
 */
export type Phase = keyof typeof phases

export const outcomes = {
  retried: 'tried again',
  thrown: 'comes out as it is',
  asked: 'asked for: reported if committed, else tried again',
  askedAndThrown: 'asked for: reported if committed, else comes out as it is',
  verified: '`verify` decides, else `CommitOutcomeUnknownError`',
  committed: 'committed: reported, with a warning in the log',
  onceByMark: 'sent again under its mark: done once',
  timeout: '`TransactionTimeoutError` at the limit',
  reason: 'the signal’s own reason',
  expired: '`SessionExpiredError`',
  awaited: 'the answer is awaited and reported',
  awaitedASecond: 'the answer is awaited for a second, else `CommitOutcomeUnknownError`',
  poisoned: 'rejects with that error',
  never: '–',
} as const

export type Outcome = keyof typeof outcomes

export type SceneName =
  | 'no connection'
  | 'no admission'
  | 'full pool'
  | 'black hole'
  | 'time limit'
  | 'signal'
  | 'session lost'
  | 'swallowed error'
  | 'ROLLBACK for an answer'
  | 'program frozen'

const error = (sqlState: string): ServerError => ({ sqlState })

const asConnectionLost = {
  starting: 'retried',
  running: 'retried',
  committing: 'asked',
  untold: 'verified',
  own: 'onceByMark',
  retrieving: 'retried',
} as const

const asRefused = {
  starting: 'thrown',
  running: 'thrown',
  committing: 'askedAndThrown',
  untold: 'verified',
  own: 'onceByMark',
  retrieving: 'thrown',
} as const

const never = {
  starting: 'never',
  running: 'never',
  committing: 'never',
  untold: 'never',
  own: 'never',
  retrieving: 'never',
} as const

const onlyBefore = { ...never, starting: 'retried', own: 'retried' } as const

const whileItRuns = (outcome: Outcome): FaultRow['outcomes'] => ({
  starting: outcome,
  running: outcome,
  committing: 'awaited',
  untold: 'awaited',
  own: 'awaitedASecond',
  retrieving: outcome,
})

export const faultTable: readonly FaultRow[] = [
  {
    fault: 'serialization failure or deadlock: 40001 (CockroachDB’s `restart transaction` too), 40P01, CR000',
    injected: [
      cockroachErrors.restartTransaction,
      cockroachErrors.writeTooOld,
      error('40001'),
      error('40P01'),
      error('CR000'),
    ],
    outcomes: {
      starting: 'retried',
      running: 'retried',
      committing: 'retried',
      untold: 'retried',
      own: 'retried',
      retrieving: 'retried',
    },
  },
  {
    fault: 'the result is ambiguous: 40003',
    injected: [cockroachErrors.ambiguous],
    outcomes: { ...asConnectionLost, starting: 'thrown', running: 'thrown' },
  },
  {
    fault: 'the connection is closed or reset; 08000, 08003, 08006',
    injected: [{ cut: 'close' }, { cut: 'reset' }, error('08000'), error('08003'), error('08006')],
    outcomes: asConnectionLost,
  },
  {
    fault: 'the server shuts down, or an operator ends the connection: 57P01, 57P02',
    injected: [cockroachErrors.draining, { ...error('57P02'), severity: 'FATAL' }],
    outcomes: asConnectionLost,
  },
  {
    fault: 'the server ends a transaction that idles, or lasts too long: 25P03, 25P04, 57P05',
    injected: [error('25P03'), error('25P04'), error('57P05')].map((one) => ({ ...one, severity: 'FATAL' as const })),
    outcomes: asConnectionLost,
  },
  {
    fault: 'the server lets nobody in: 57P03, 57P01, 53300 on connecting',
    scene: 'no admission',
    outcomes: onlyBefore,
  },
  {
    fault: 'no connection can be had: refused, reset, no such host',
    scene: 'no connection',
    outcomes: onlyBefore,
  },
  {
    fault: 'all connections of the pool are in use',
    scene: 'full pool',
    outcomes: onlyBefore,
  },
  {
    fault: 'too many connections or transactions: 53300, 53400',
    injected: [cockroachErrors.tooManyConnections, error('53400')],
    outcomes: asConnectionLost,
  },
  {
    fault: 'a time limit of the server, or a cancel: 57014',
    injected: [cockroachErrors.statementTimeout, error('57014')],
    outcomes: asRefused,
  },
  {
    fault: 'a lock is not to be had: 55P03',
    injected: [error('55P03')],
    outcomes: asRefused,
  },
  {
    fault: 'the server is in trouble: 58C00, 58C01, XXUUU, XX000, 53200',
    injected: [cockroachErrors.rangeUnavailable, ...['58C01', 'XXUUU', 'XX000', '53200'].map(error)],
    outcomes: asRefused,
  },
  {
    fault: 'committed, but a schema change in it failed: XXA00',
    injected: [error('XXA00')],
    outcomes: { ...asRefused, committing: 'committed', untold: 'committed', retrieving: 'committed' },
  },
  {
    fault: 'data, constraints, syntax, rights, the transaction’s state: 22xxx, 23xxx, 42xxx, 25P02, P0001, …',
    injected: ['22012', '23505', '23503', '23001', '42P01', '42501', '25P02', '0A000', '44000', 'P0001'].map(error),
    outcomes: {
      starting: 'thrown',
      running: 'thrown',
      committing: 'thrown',
      untold: 'thrown',
      own: 'thrown',
      retrieving: 'thrown',
    },
  },
  {
    fault: 'the function swallowed a statement’s error',
    scene: 'swallowed error',
    outcomes: { ...never, running: 'poisoned' },
  },
  {
    fault: 'the server answers COMMIT with ROLLBACK',
    scene: 'ROLLBACK for an answer',
    outcomes: { ...never, committing: 'poisoned', untold: 'poisoned', retrieving: 'poisoned' },
  },
  {
    fault: 'a black hole: the connection stands, and nothing passes',
    scene: 'black hole',
    outcomes: {
      starting: 'timeout',
      running: 'timeout',
      committing: 'asked',
      untold: 'verified',
      own: 'awaitedASecond',
      retrieving: 'retried',
    },
  },
  {
    fault: 'the call’s time limit passes',
    scene: 'time limit',
    outcomes: whileItRuns('timeout'),
  },
  { fault: 'the caller aborts', scene: 'signal', outcomes: whileItRuns('reason') },
  {
    fault: 'the session is lost',
    scene: 'session lost',
    outcomes: whileItRuns('expired'),
  },
  {
    fault: 'the program is stopped, or its network gone, for longer than the limit',
    scene: 'program frozen',
    outcomes: { ...never, running: 'timeout' },
  },
]
