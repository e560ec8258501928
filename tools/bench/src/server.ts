import { readFileSync, statfsSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { BMDB } from '@bmdb/core'
import { startPrivateServer } from '@bmdb/embedded'
import { withPool } from './bmdb.ts'
import type { Machine } from './results.ts'
import { workspace } from './workspace.ts'

/** What Linux says of a directory that is in memory. */
const tmpfs = 0x01021994

/** The server that all candidates share. */
export interface BenchServer extends AsyncDisposable {
  readonly url: string
  readonly machine: Machine
  database(): Promise<string>
  migrated(): Promise<string>
  /** Drops all databases that were made, and has the server write everything down: the next benchmark begins with nothing to do. */
  clear(): Promise<void>
}

export async function startBenchServer(): Promise<BenchServer> {
  const server = await startPrivateServer({ durable: true })
  try {
    const machine = await machineOf(server.url)
    let made = 0
    let names: string[] = []
    const database = async (): Promise<string> => {
      const name = `bench_${(made += 1)}`
      await withPool(server.url, (pool) => pool.query(`CREATE DATABASE ${name}`))
      names.push(name)
      return Object.assign(new URL(server.url), { pathname: `/${name}` }).href
    }
    return {
      url: server.url,
      machine,
      database,
      async migrated() {
        const databaseUrl = await database()
        await (await new BMDB({ databaseUrl, componentName: 'bench' }).open({ migrate: true })).close()
        return databaseUrl
      },
      async clear() {
        await withPool(server.url, async (pool) => {
          for (const name of names) await pool.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
          names = []
          await pool.query('CHECKPOINT')
        })
      },
      [Symbol.asyncDispose]: () => server.close(),
    }
  } catch (error) {
    await server.close()
    throw error
  }
}

/** @throws Error where the figures would mean nothing: data that are in memory, or not written down at once */
async function machineOf(serverUrl: string): Promise<Machine> {
  const { rows } = await withPool(serverUrl, (pool) =>
    pool.query<{ version: string; fsync: string; synchronous: string; directory: string }>(
      `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
              current_setting('synchronous_commit') AS synchronous, current_setting('data_directory') AS directory`,
    ),
  )
  const [server] = rows
  if (server?.fsync !== 'on' || server.synchronous !== 'on')
    throw new Error('the server does not write down what it commits: the figures would mean nothing')
  if (statfsSync(server.directory).type === tmpfs)
    throw new Error(`${server.directory} is in memory: point TMPDIR to a directory on a disk`)
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    postgresql: server.version,
    versions: versions(),
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
