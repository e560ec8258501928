import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, Context, Row } from '../benchmark.ts'
import { addMachines, openBMDB, withPool } from '../bmdb.ts'
import { inTurn, msOf, msText } from '../measure.ts'
import { workspace } from '../workspace.ts'

/** How soon, and at what cost, somebody else has what a dead program held. */
export const takeovers: Benchmark = {
  name: 'takeovers',
  about: 'takeover after kill -9, beside the deadline itself, and from a holder of much, beside one of little',
  async run(context) {
    return [await afterKill(context), await fromMuch(context)]
  },
}

async function afterKill({ quick, tell, signal }: Context): Promise<Row> {
  const [times, interval] = quick ? [2, 1] : [20, 5]
  const directory = mkdtempSync(join(tmpdir(), 'bmdb-bench-'))
  const file = join(directory, 'takeover.json')
  try {
    const command = ['--import', 'tsx', '--conditions=@bmdb/source', 'test/takeover/main.ts']
    const flags = ['--times', String(times), '--interval', String(interval), '--json', file]
    const child = spawn(process.execPath, [...command, ...flags], {
      cwd: workspace,
      stdio: ['ignore', 'pipe', 'inherit'],
      signal,
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => text.trim().split('\n').forEach(tell))
    await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
    const { medianMs, slowestMs } = JSON.parse(readFileSync(file, 'utf8')) as { medianMs: number; slowestMs: number }
    return {
      what: `takeover after kill -9, interval ${interval} s, no collector, slowest of ${times}`,
      against: 'the deadline of the dead holder',
      figure: `${msText(slowestMs)} later (median ${msText(medianMs)})`,
      other: '0 ms',
      value: slowestMs / 1_000,
      target: { most: 1 },
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function fromMuch(context: Context): Promise<Row> {
  const url = await context.migrated()
  const much = context.quick ? 50 : 1_000
  const ids = await addMachines(url, much)
  await using bmdb = await openBMDB(url)
  const { connection, session } = bmdb
  const takeover = async (held: number): Promise<number> => {
    const holder = await connection.startSession({ intervalSeconds: 3_600 })
    const machines = ids.slice(0, held)
    await holder.startWorkMany('Bench', machines, { limit: held })
    await withPool(url, (pool) =>
      pool.query(`UPDATE session_leases SET session_deadline = now() - interval '1 second' WHERE session_id = $1`, [
        holder.id,
      ]),
    )
    let work = null as Awaited<ReturnType<typeof session.startWork>>
    const ms = await msOf(async () => (work = await session.startWork('Bench', [machines[0]!])))
    await work!.finish()
    return ms
  }
  const figures = await inTurn(context, { much: () => takeover(much), little: () => takeover(1) })
  return {
    what: `takeover from a holder with ${much.toLocaleString('en')} pieces of work`,
    against: 'from a holder with one',
    figure: msText(figures.much),
    other: msText(figures.little),
    value: figures.much / figures.little,
    target: { most: 20 },
  }
}
