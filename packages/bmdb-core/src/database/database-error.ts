import { DatabaseUnavailableError, messageOf } from '../errors.ts'

/**
 * Where a call to the database was when it failed. What an error means depends on this and on its code, never on its
 * text:
 * - `starting`: nothing that matters was sent: no connection yet, or BEGIN and the guard.
 * - `running`: inside a transaction, COMMIT not sent.
 * - `committing`: COMMIT was sent, or a statement that commits by itself.
 */
export type Phase = 'starting' | 'running' | 'committing'

/**
 * What to make of a failure:
 * - `retry`: nothing was committed, and the same again may succeed.
 * - `unknown`: it may have been committed.
 * - `committed`: it was committed; something that should have followed was not done.
 * - `final`: nothing was committed, and the same again would fail the same way.
 */
export type Verdict = 'retry' | 'unknown' | 'committed' | 'final'

/** The five characters by which a server names an error, if it was a server that did. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) && 'severity' in error
    ? error.code
    : undefined
}

/** The constraint that a server names in a 23xxx error. */
export function constraintOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'constraint' in error && typeof error.constraint === 'string'
    ? error.constraint
    : undefined
}

// The server ended the connection, or never let it in: the transaction is gone with it.
const connectionStates = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '25P04'])
// Serialization failures of both databases, deadlocks (PostgreSQL), and CockroachDB's old code for the former.
const conflictStates = new Set(['40001', '40P01', 'CR000'])
// Too many connections, or too many open transactions on one CockroachDB gateway.
const overloadStates = new Set(['53300', '53400'])
// CockroachDB: committed, but a change of the schema that was part of it failed afterwards.
const committedAllTheSame = 'XXA00'

/**
 * Decides by code and phase: see {@link Verdict}. docs/guarantees.md has the table.
 * @param broken - the connection was lost or never had; what a driver says without a code means nothing else
 */
export function judge(error: unknown, phase: Phase, broken: boolean): Verdict {
  const state = sqlState(error)
  if (state === undefined) {
    if (phase === 'committing') return 'unknown'
    return broken || phase === 'starting' ? 'retry' : 'final'
  }
  if (conflictStates.has(state)) return 'retry'
  if (saysConnectionLost(state) || overloadStates.has(state)) return phase === 'committing' ? 'unknown' : 'retry'
  if (phase !== 'committing') return 'final'
  if (state === committedAllTheSame) return 'committed'
  // Data, constraints, transaction state, syntax and privileges: refused, and therefore not committed.
  return refusedClasses.has(state.slice(0, 2)) ? 'final' : 'unknown'
}

const refusedClasses = new Set(['0A', '22', '23', '25', '42', '44', 'P0'])

/**
 * Whether a transaction that failed at COMMIT, and is known not to have been committed, may be done again: where it was
 * the connection that failed, or the server could not tell, but not where the server refused it.
 */
export function isWorthRepeating(error: unknown): boolean {
  const state = sqlState(error)
  return state === undefined || state === '40003' || saysConnectionLost(state) || overloadStates.has(state)
}

function saysConnectionLost(state: string): boolean {
  return connectionStates.has(state) || state.startsWith('08')
}

/** BMDB itself gave the connection up: the time was over, or the caller or the session had gone. */
export class ConnectionGivenUpError extends Error {
  constructor(cause?: unknown) {
    super('the connection was given up', { cause })
    this.name = 'ConnectionGivenUpError'
  }
}

/** Every connection of the pool was in use for too long. */
export class PoolFullError extends Error {
  constructor(size: number, cause: unknown) {
    super(`all ${size} connections of this program are in use`, { cause })
    this.name = 'PoolFullError'
  }
}

/**
 * The typed error for a database that cannot be used, or undefined if `error` says something else.
 * @param address - where it was looked for: host, port and database, never the password
 * @param broken - as for {@link judge}
 */
export function asUnavailable(error: unknown, address: string, broken: boolean): DatabaseUnavailableError | undefined {
  if (error instanceof DatabaseUnavailableError) return error
  const state = sqlState(error)
  const options = { cause: error }
  if (error instanceof PoolFullError)
    return new DatabaseUnavailableError(
      'overloaded',
      `${error.message}: raise poolSize, or shorten transactions`,
      options,
    )
  if (state === '28P01' || state === '28000')
    return new DatabaseUnavailableError(
      'authentication',
      `the database at ${address} refused the user name or password: ${messageOf(error)}`,
      options,
    )
  if (state === '3D000')
    return new DatabaseUnavailableError(
      'no such database',
      `there is no such database at ${address}: create it first, or correct the URL`,
      options,
    )
  if (state !== undefined && overloadStates.has(state))
    return new DatabaseUnavailableError(
      'overloaded',
      `the database at ${address} takes no more connections: ${messageOf(error)}`,
      options,
    )
  if (state === undefined ? broken : saysConnectionLost(state))
    return new DatabaseUnavailableError(
      'unreachable',
      `the database at ${address} cannot be reached (${messageOf(error) || String((error as { code?: unknown }).code)}): is it running, and is the URL right?`,
      options,
    )
  return undefined
}

/** What a retry is counted as: the SQLSTATE, or `connection`. */
export function retryReason(error: unknown): string {
  return sqlState(error) ?? 'connection'
}
