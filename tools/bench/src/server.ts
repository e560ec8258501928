import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { BMDB } from '@bmdb/core'
import { startPrivateServer } from '@bmdb/embedded'
import { withPool } from './bmdb.ts'
import type { Machine } from './results.ts'
import { workspace } from './workspace.ts'

/** The server that all candidates share. */
export interface BenchServer extends AsyncDisposable {
  database(): Promise<string>
  migrated(): Promise<string>
  machine(): Promise<Machine>
}

export async function startBenchServer(): Promise<BenchServer> {
  const server = await startPrivateServer({ durable: true })
  let made = 0
  const database = async (): Promise<string> => {
    const name = `bench_${(made += 1)}`
    await withPool(server.url, (pool) => pool.query(`CREATE DATABASE ${name}`))
    return Object.assign(new URL(server.url), { pathname: `/${name}` }).href
  }
  return {
    database,
    async migrated() {
      const databaseUrl = await database()
      await (await new BMDB({ databaseUrl, componentName: 'bench' }).open({ migrate: true })).close()
      return databaseUrl
    },
    async machine() {
      const { rows } = await withPool(server.url, (pool) =>
        pool.query<{ version: string; fsync: string }>(
          `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync`,
        ),
      )
      if (rows[0]?.fsync !== 'on') throw new Error('fsync is off: the figures would mean nothing')
      return {
        cpu: cpus()[0]?.model.trim() ?? 'unknown',
        cores: cpus().length,
        memoryGiB: Math.round(totalmem() / 2 ** 30),
        node: process.version,
        postgresql: rows[0].version,
        versions: versions(),
        date: new Date().toISOString().slice(0, 10),
      }
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function versions(): Record<string, string> {
  const bench = JSON.parse(readFileSync(join(workspace, 'tools/bench/package.json'), 'utf8')) as Manifest
  const core = JSON.parse(readFileSync(join(workspace, 'packages/bmdb-core/package.json'), 'utf8')) as Manifest
  const all = { ...core.dependencies, ...bench.dependencies }
  return Object.fromEntries(
    ['@prisma/client', 'pg', 'graphile-worker', 'pg-boss'].map((name) => [name, all[name] ?? '?']),
  )
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
}
