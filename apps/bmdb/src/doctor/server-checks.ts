import { performance } from 'node:perf_hooks'
import type { Check } from './check.ts'

/** How far the two clocks may be apart. Nothing rests on it but what people compare. */
const clockToleranceMs = 1_000
/** Of all connections, how many may be in use before it is time to see to it. */
const mostConnections = 0.8

const connects: Check = {
  name: 'connects',
  run: async ({ ask, connection }) => {
    await ask('SELECT 1')
    const startMs = performance.now()
    await ask('SELECT 1')
    return { fact: `${connection.dialect}, answers in ${(performance.now() - startMs).toFixed(1)} ms` }
  },
}

const postgresVersion: Check = {
  name: 'version',
  only: 'postgresql',
  run: async ({ ask }) => {
    const [row] = await ask<{ version: string; number: string }>(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number`,
    )
    const tooOld = Number(row!.number) < 130_000
    return { fact: `PostgreSQL ${row!.version}`, remedy: tooOld ? 'upgrade to PostgreSQL 13 or newer' : undefined }
  },
}

const cockroachVersion: Check = {
  name: 'version',
  only: 'cockroachdb',
  run: async ({ ask }) => {
    const [row] = await ask<{ version: string }>('SELECT version() AS version')
    const parts = /v(\d+)\.(\d+)/.exec(row!.version)
    const [major, minor] = [Number(parts?.[1] ?? 0), Number(parts?.[2] ?? 0)]
    const tooOld = major < 23 || (major === 23 && minor < 2)
    return {
      fact: row!.version.split('(')[0]!.trim(),
      remedy: tooOld ? 'upgrade to CockroachDB 23.2 or newer' : undefined,
    }
  },
}

const clock: Check = {
  name: 'clock difference',
  run: async ({ ask }) => {
    const beforeMs = Date.now()
    const startMs = performance.now()
    const [row] = await ask<{ ms: number }>('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms')
    const tookMs = performance.now() - startMs
    const differenceMs = row!.ms - (beforeMs + tookMs / 2)
    const certainMs = Math.abs(differenceMs) - tookMs / 2
    const ahead = differenceMs >= 0 ? 'ahead of' : 'behind'
    return {
      fact: `the database is ${Math.round(Math.abs(differenceMs))} ms ${ahead} this machine`,
      remedy:
        certainMs > clockToleranceMs
          ? 'run NTP on both: no lock rests on it, but times in logs and in the database do not go together'
          : undefined,
    }
  },
}

// What core sets on its connections. Where it does not arrive, something between the two has its own mind.
const arrivesPostgres: Check = {
  name: 'settings arrive',
  only: 'postgresql',
  run: async ({ ask }) =>
    settingsArrive(ask, { default_transaction_isolation: 'read committed', synchronous_commit: 'on' }),
}

const arrivesCockroach: Check = {
  name: 'settings arrive',
  only: 'cockroachdb',
  run: async ({ ask }) =>
    settingsArrive(ask, {
      enable_durable_locking_for_serializable: 'on',
      enable_shared_locking_for_serializable: 'on',
      default_transaction_isolation: 'serializable',
    }),
}

async function settingsArrive(
  ask: <Row>(statement: string, ...values: unknown[]) => Promise<Row[]>,
  wanted: Readonly<Record<string, string>>,
): Promise<{ fact: string; remedy?: string }> {
  const other: string[] = []
  for (const [name, value] of Object.entries(wanted)) {
    const [row] = await ask<{ value: string }>('SELECT current_setting($1::text) AS value', name)
    if (row?.value !== value) other.push(`${name} is ${row?.value ?? 'unknown'} instead of ${value}`)
  }
  if (other.length === 0) return { fact: 'isolation and durability are those that BMDB asks for' }
  const remedy = 'connect to the server itself, or through a pooler in session mode that passes startup options on'
  return { fact: other.join('; '), remedy }
}

const durability: Check = {
  name: 'durability',
  only: 'postgresql',
  run: async ({ ask }) => {
    const rows = await ask<{ name: string }>(
      `SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY name`,
    )
    if (rows.length === 0) return { fact: 'fsync and full_page_writes are on' }
    const off = rows.map(({ name }) => name)
    return {
      fact: `${off.join(' and ')} ${off.length === 1 ? 'is' : 'are'} off: a crash of the server may forget who holds what`,
      remedy: `set ${off.map((name) => `${name} = on`).join(' and ')} in postgresql.conf, except for tests`,
    }
  },
}

const connectionsUsed: Check = {
  name: 'connections',
  only: 'postgresql',
  run: async ({ ask }) => {
    const [row] = await ask<{ used: number; most: number }>(
      `SELECT (SELECT count(*)::int4 FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
              current_setting('max_connections')::int4 AS most`,
    )
    const { used, most } = row!
    return {
      fact: `${used} of ${most} are in use`,
      remedy: used > most * mostConnections ? 'raise max_connections, or lower poolSize of the programs' : undefined,
    }
  },
}

/** Checks of the server, and of the way to it. */
export const serverChecks: readonly Check[] = [
  connects,
  postgresVersion,
  cockroachVersion,
  clock,
  arrivesPostgres,
  arrivesCockroach,
  durability,
  connectionsUsed,
]
