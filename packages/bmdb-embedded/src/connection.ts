import pg from 'pg'
import type { Deadline } from './deadline.ts'

/** How to reach a server as its superuser. */
export interface ServerAddress {
  readonly port: number
  readonly password: string
}

/** The superuser, the only role that the embedded server has. */
export const ROLE = 'bmdb'

/** The URL of a database on the embedded server. */
export function databaseUrl({ port, password }: ServerAddress, database: string): string {
  return `postgresql://${ROLE}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`
}

/** Settings for `pg` that depend on nothing in the environment: `PGSSLMODE=require` there must not lock us out. */
export function clientConfig({ port, password }: ServerAddress, database: string): pg.ClientConfig {
  return {
    host: '127.0.0.1',
    port,
    user: ROLE,
    password,
    database,
    ssl: false,
    options: '',
    application_name: 'bmdb-embedded',
  }
}

/** Connects, runs `fn`, disconnects. At the deadline the connection is cut, which also ends a statement under way. */
export async function withClient<T>(
  address: ServerAddress,
  database: string,
  deadline: Deadline,
  fn: (client: pg.Client) => Promise<T>,
): Promise<T> {
  deadline.check()
  const client = new pg.Client(clientConfig(address, database))
  client.on('error', () => undefined)
  try {
    await deadline.race(client.connect())
    return await deadline.race(fn(client))
  } finally {
    const ended = client.end().catch(() => undefined)
    if (!deadline.signal.aborted) await ended
  }
}

/** `name` as an SQL identifier. */
export function quoteIdentifier(name: string): string {
  return pg.escapeIdentifier(name)
}
