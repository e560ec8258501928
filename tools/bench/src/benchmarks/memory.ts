import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Benchmark } from '../benchmark.ts'
import { addMachines } from '../bmdb.ts'
import { buildOf } from '../workspace.ts'

const execute = promisify(execFile)

/** What a program takes that holds a thousand pieces of work. */
export const memory: Benchmark = {
  name: 'memory',
  about: 'memory of a program with 1,000 held pieces of work',
  reading: `The resident memory of a program of its own, run from what was built, that opens a connection, holds a thousand machines
and beats at the default interval for six seconds. Most of it is Node and Prisma's client, which are there with nothing
held.`,
  async run({ migrated, signal, tell }) {
    const url = await migrated()
    await addMachines(url, 1_000)
    await buildOf('core', signal)
    const program = join(import.meta.dirname, '../programs/holding.mjs')
    const { stdout } = await execute(process.execPath, [program, url], { signal })
    const { rssBytes, peakBytes, emptyBytes, held } = JSON.parse(stdout) as Record<string, number>
    tell(stdout)
    const megabytes = (bytes: number | undefined): number => (bytes ?? NaN) / 1e6
    return [
      {
        what: `memory of a program with ${held!.toLocaleString('en')} held pieces of work`,
        against: 'a limit',
        figure: `${Math.round(megabytes(rssBytes))} MB`,
        other: '120 MB',
        value: megabytes(rssBytes),
        target: { most: 120 },
        note: `${Math.round(megabytes(emptyBytes))} MB with an open connection and nothing held, ${Math.round(megabytes(peakBytes))} MB at most in between`,
      },
    ]
  },
}
