import { Client, type ClientConfig } from 'pg'
import { orAbort, sleep } from '../clock.ts'
import type { Limit } from '../limit.ts'
import { retryDelayMs } from '../retry-delay.ts'
import type { Address } from './address.ts'
import { asUnavailable, judge } from './database-error.ts'
import type { DatabaseUnavailableError } from '../errors.ts'

/** Which database it is: BMDB's statements are the same for both, the settings of its connections are not. */
export type Dialect = 'cockroachdb' | 'postgresql'

/** What BMDB found out about the server, once, when it opened. */
export interface Server {
  readonly dialect: Dialect
  /** As the server tells it, such as `PostgreSQL 18.4`. */
  readonly version: string
  /** Settings of every connection. */
  readonly settings: Readonly<Record<string, string>>
}

/**
 * Connects once and asks what server it is. An unreachable or overloaded one is asked again until the limit.
 * @throws DatabaseUnavailableError, at once where trying again would not help
 */
export async function askServer(address: Address, limit: Limit): Promise<Server> {
  let last: DatabaseUnavailableError | undefined
  for (let attempt = 1; ; attempt++) {
    let failure: unknown
    try {
      return await askOnce(address, limit)
    } catch (error) {
      failure = error
    }
    const unavailable = asUnavailable(failure, address.shown, true)
    if (unavailable === undefined) throw failure
    const final = unavailable.reason === 'authentication' || unavailable.reason === 'no such database'
    if (final || judge(failure, 'starting', true) === 'final') throw unavailable
    if (limit.signal.aborted && limit.remainingMs() > 0) throw limit.signal.reason
    // A try that the limit cut short says less than the one before it.
    if (limit.remainingMs() < 2) throw last ?? unavailable
    last = unavailable
    const delayMs = retryDelayMs(attempt)
    if (limit.remainingMs() <= delayMs) throw unavailable
    await sleep(delayMs, limit.signal)
  }
}

async function askOnce(address: Address, limit: Limit): Promise<Server> {
  limit.signal.throwIfAborted()
  const client = new Client({
    ...address.config,
    application_name: 'bmdb',
    connectionTimeoutMillis: Math.max(1, Math.min(5_000, limit.remainingMs())),
  })
  // A connection that breaks fails the query; without a listener it would also end the program.
  client.on('error', () => {})
  try {
    await orAbort(client.connect(), limit.signal)
    const answer = await orAbort(client.query<{ version: string }>('SELECT version() AS version'), limit.signal)
    const version = answer.rows[0]?.version ?? ''
    if (version.startsWith('CockroachDB'))
      return { dialect: 'cockroachdb', version: version.split('(')[0]!.trim(), settings: cockroachSettings }
    const noticesLostClients = await orAbort(supports(client, 'client_connection_check_interval', '500'), limit.signal)
    return {
      dialect: 'postgresql',
      version: version.split(' on ')[0]!,
      settings: noticesLostClients
        ? { ...postgresSettings, client_connection_check_interval: '500' }
        : postgresSettings,
    }
  } finally {
    void client.end().catch(() => {})
  }
}

// Without these two, FOR KEY SHARE and FOR UPDATE promise nothing there: the guard would be no fence.
const cockroachSettings = {
  enable_durable_locking_for_serializable: 'on',
  enable_shared_locking_for_serializable: 'on',
  // A role's own default must not weaken single statements.
  default_transaction_isolation: 'serializable',
}

// BMDB's own statements are right at READ COMMITTED because they lock what they decide on; transact asks for
// SERIALIZABLE itself.
const postgresSettings = { default_transaction_isolation: 'read committed', synchronous_commit: 'on' }

/** Old servers, and servers on some systems, do not take every setting. */
async function supports(client: Client, setting: string, value: string): Promise<boolean> {
  try {
    await client.query({ text: 'SELECT set_config($1, $2, false)', values: [setting, value] })
    return true
  } catch {
    return false
  }
}

/** The configuration of a connection: the address, the server's settings, and dead peers noticed. */
export function connectionConfig(address: Address, server: Server, applicationName: string): ClientConfig {
  const settings = Object.entries(server.settings).map(
    ([name, value]) => `-c ${name}=${value.replaceAll('\\', '\\\\').replaceAll(' ', '\\ ')}`,
  )
  const given = address.config.options === undefined ? [] : [address.config.options]
  return {
    ...address.config,
    application_name: applicationName,
    // What the URL says comes first, so that BMDB's settings win.
    options: [...given, ...settings].join(' '),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}
