import { spawn } from 'node:child_process'
import type { Benchmark } from '../benchmark.ts'
import { msText } from '../measure.ts'
import { buildOf, workspace } from '../workspace.ts'

/** From `npm start` to the first machine that is inventoried. */
export const start: Benchmark = {
  name: 'start',
  about: 'npm start to the first inventoried machine',
  reading: `\`npm start\` in a workspace that was built, as a person types it: npm, the look at what changed, a PostgreSQL, twelve
simulated BMCs that answer slowly, the collector and two workers, until the first machine has its hardware report.`,
  async run({ signal, tell }) {
    await buildOf('dev-stack', signal)
    const startMs = performance.now()
    const child = spawn('npm', ['start', '--', '--once'], {
      cwd: workspace,
      stdio: ['ignore', 'pipe', 'inherit'],
      signal,
    })
    let firstMs: number | undefined
    let told = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text
      if (/^[1-9]\d* of \d+ machines? inventoried/m.test(told)) firstMs ??= performance.now() - startMs
    })
    await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
    // Not what contains a password.
    const shown = told.replaceAll(/^.*:\/\/.*\n/gm, '')
    if (firstMs === undefined) throw new Error(`npm start inventoried nothing:\n${shown}`)
    if (!/^0 of \d+ machines? inventoried/m.test(told)) throw new Error(`npm start did not begin anew:\n${shown}`)
    tell(`the first machine after ${msText(firstMs)}`)
    return [
      {
        what: 'npm start to the first inventoried machine, built before',
        against: 'a limit',
        figure: `${(firstMs / 1_000).toFixed(1)} s`,
        other: '10 s',
        value: firstMs / 1_000,
        target: { most: 10 },
      },
    ]
  },
}
