import type { Statement } from '../database/server-connection.ts'
import type { Dialect } from '../database/server.ts'

/** The channel that runners listen on. */
export const wakeUpChannel = 'bmdb_wake_up'

/** Wakes whoever listens: when the transaction commits, and once for it. PostgreSQL alone has it. */
export function wakeUp(dialect: Dialect): Statement[] {
  return dialect === 'postgresql' ? [{ name: 'bmdb_wake_up', text: `SELECT pg_notify('${wakeUpChannel}', '')` }] : []
}
