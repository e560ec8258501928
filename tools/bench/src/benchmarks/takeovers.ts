import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, Context, Row } from '../benchmark.ts'
import { addMachines, letExpire, openBMDB, settle } from '../bmdb.ts'
import { inTurn, measuredMsText, msOf, msText } from '../measure.ts'
import { workspace } from '../workspace.ts'

/** How soon, and at what cost, somebody else has what a dead program held. */
export const takeovers: Benchmark = {
  name: 'takeovers',
  about: 'takeover after kill -9, beside the deadline itself, and from a holder of much, beside one of little',
  reading: `The first row is \`npm run takeover\`: real programs hold machines and are killed with SIGKILL between two beats; another
one looks for work every 250 ms or so, and no collector runs. What counts is the time from the dead holder's deadline to
the claim, by the database's clock; that it is never before the deadline is asserted. How long a machine stands still
after a kill is the interval at most, and that. The second row is the price of one claim that takes over from a program
that held a thousand machines, all of which are released with it.`,
  async run(context) {
    return [await afterKill(context), await fromMuch(context)]
  },
}

interface Takeovers {
  readonly medianMs: number
  readonly slowestMs: number
  readonly earliestMs: number
}

async function afterKill({ quick, tell, signal, serverUrl }: Context): Promise<Row> {
  const [times, interval] = quick ? [2, 1] : [20, 5]
  const directory = mkdtempSync(join(tmpdir(), 'bmdb-bench-'))
  const file = join(directory, 'takeover.json')
  try {
    const command = ['--import', 'tsx', '--conditions=@bmdb/source', 'test/takeover/main.ts']
    const flags = ['--times', String(times), '--interval', String(interval), '--json', file, '--server-url', serverUrl]
    const child = spawn(process.execPath, [...command, ...flags], {
      cwd: workspace,
      stdio: ['ignore', 'pipe', 'inherit'],
      signal,
      // Then it ends its own programs.
      killSignal: 'SIGTERM',
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => text.trim().split('\n').forEach(tell))
    await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
    // It exits with 1 where a takeover was late: that is this row's to say.
    if (!existsSync(file)) throw new Error('npm run takeover failed')
    const { medianMs, slowestMs, earliestMs } = JSON.parse(readFileSync(file, 'utf8')) as Takeovers
    if (earliestMs < 0) throw new Error(`a takeover came ${-earliestMs} ms before the deadline`)
    return {
      what: `takeover after kill -9, interval ${interval} s, no collector, slowest of ${times}`,
      against: 'the deadline of the dead holder',
      figure: `${msText(slowestMs)} later (median ${msText(medianMs)})`,
      other: 'at most 1 s later',
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
    const works = await holder.startWorkMany('Bench', machines, { limit: held })
    if (works.length !== held) throw new Error(`${works.length} of ${held} machines were claimed`)
    await letExpire(url, holder.id)
    await settle(url)
    let work = null as Awaited<ReturnType<typeof session.startWork>>
    const ms = await msOf(async () => (work = await session.startWork('Bench', [machines[0]!])))
    if (work === null) throw new Error('a machine of a dead holder was not claimed')
    await (work as NonNullable<typeof work>).finish()
    return ms
  }
  const figures = await inTurn(context, { much: () => takeover(much), little: () => takeover(1) })
  return {
    what: `takeover from a holder with ${much.toLocaleString('en')} pieces of work`,
    against: 'from a holder with one',
    figure: measuredMsText(figures.much),
    other: measuredMsText(figures.little),
    value: figures.much.median / figures.little.median,
    target: { most: 20 },
  }
}
