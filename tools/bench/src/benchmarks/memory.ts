import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Benchmark } from '../benchmark.ts'
import { addMachines } from '../bmdb.ts'

/** What a program takes that holds a thousand pieces of work. */
export const memory: Benchmark = {
  name: 'memory',
  about: 'memory of a program with 1,000 held pieces of work',
  async run(context) {
    const url = await context.migrated()
    await addMachines(url, 1_000)
    // Of what was built, as a program in production runs it.
    const program = join(import.meta.dirname, '../programs/holding.mjs')
    const { stdout } = await promisify(execFile)(process.execPath, [program, url], { signal: context.signal })
    const { rssBytes, held } = JSON.parse(stdout) as { rssBytes: number; held: number }
    const megabytes = rssBytes / 1e6
    return [
      {
        what: `memory of a program with ${held.toLocaleString('en')} held pieces of work`,
        against: 'a limit',
        figure: `${Math.round(megabytes)} MB`,
        other: '120 MB',
        value: megabytes,
        target: { most: 120 },
      },
    ]
  },
}
