// npm run soak:cockroach [-- --minutes M --seed S]: the soak on three CockroachDB nodes, which are drained, killed and
// paused meanwhile. Needs Docker with compose. Not yet run.
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { Random } from '../soak/random.ts'
import { startBalancer } from './balancer.ts'
import { compose, docker, nodes, startCluster, torment } from './nodes.ts'

const help = `Runs the soak on a cluster of three CockroachDB nodes, which are drained, killed and paused meanwhile (needs Docker).
Not yet run.

usage: npm run soak:cockroach [-- --minutes M] [--seed S] [--version VERSION] [--keep]

  --minutes M         how long the soak runs; default 10
  --seed S            what the soak and the faults are chosen by; default any
  --version VERSION   of CockroachDB: a tag of its image; default latest-v25.4
  --keep              leaves the cluster running in the end
`

process.exitCode = await main()

async function main(): Promise<number> {
  let settings: { minutes: number; seed: number; version: string; keep: boolean }
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
        version: { type: 'string', default: 'latest-v25.4' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(help)
      return 0
    }
    settings = { ...values, minutes: Number(values.minutes), seed: Number(values.seed) }
    if (!(settings.minutes > 0)) throw new Error(`--minutes is "${values.minutes}", it must be a number above 0`)
    if (!Number.isInteger(settings.seed)) throw new Error(`--seed is "${values.seed}", it must be a whole number`)
  } catch (error) {
    console.error(`soak:cockroach: ${(error as Error).message.split('\n')[0]} (see --help)`)
    return 2
  }
  if ((await docker(['info'])) !== 0 || (await docker(['compose', 'version'])) !== 0) {
    console.error('soak:cockroach: no Docker with compose was found here; the cluster runs in containers')
    return 1
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error(signal)))
  try {
    console.log(`soak:cockroach: starting three nodes of ${settings.version}`)
    await startCluster(settings.version, stop.signal)
    return await soakUnderFaults(settings, stop.signal)
  } catch (error) {
    console.error(`soak:cockroach: ${(error as Error).message}`)
    return 1
  } finally {
    if (!settings.keep) await compose(['down', '--volumes']).catch((error: Error) => console.error(error.message))
  }
}

async function soakUnderFaults(settings: { minutes: number; seed: number }, stop: AbortSignal): Promise<number> {
  const client = new Client({ connectionString: `postgresql://root@127.0.0.1:${nodes[0]!.port}/defaultdb` })
  await client.connect()
  await client.query('DROP DATABASE IF EXISTS bmdb_soak CASCADE')
  await client.query('CREATE DATABASE bmdb_soak')
  await client.end()
  await using balancer = await startBalancer(nodes)
  const random = new Random(settings.seed)
  const over = new AbortController()
  const tormenting = torment(
    () => random.next(),
    (line) => console.log(`${new Date().toISOString()} ${line}`),
    over.signal,
  )
  // A cluster that does not come back is no excuse for leaving the soak running.
  const broken = tormenting.then(
    () => new Promise<never>(() => {}),
    (error: unknown) => Promise.reject(error as Error),
  )
  const soak = startSoak(settings, `postgresql://root@127.0.0.1:${balancer.port}/bmdb_soak`)
  stop.addEventListener('abort', () => soak.kill('SIGTERM'))
  const ended = new Promise<number>((resolve, reject) => {
    soak.on('error', reject)
    soak.on('exit', (code) => resolve(code ?? 1))
  })
  try {
    const code = await Promise.race([ended, broken])
    over.abort()
    const done = await tormenting
    const told = Object.entries(done).map(([kind, times]) => `${times} × ${kind}`)
    console.log(`soak:cockroach: nodes: ${told.join(', ')}; seed ${settings.seed}`)
    return code
  } finally {
    over.abort()
    // It is over, unless the cluster is.
    soak.kill('SIGTERM')
    await ended.catch(() => {})
  }
}

function startSoak({ minutes, seed }: { minutes: number; seed: number }, databaseUrl: string): ChildProcess {
  const root = join(import.meta.dirname, '../..')
  const program = ['--import', 'tsx', '--conditions=@bmdb/source', join(root, 'test/soak/main.ts')]
  // Nodes' clocks may differ, and a range whose node is gone takes seconds to move: so no shorter interval.
  const flags = ['--minutes', String(minutes), '--seed', String(seed), '--interval', '5', '--database-url', databaseUrl]
  // In a group of its own: a Ctrl-C comes to it once, from here.
  return spawn(process.execPath, [...program, ...flags], { cwd: root, stdio: 'inherit', detached: true })
}
