import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { passes, type Row } from './benchmark.ts'
import { bars } from './charts.ts'
import type { Results } from './results.ts'
import { workspace } from './workspace.ts'

const file = join(workspace, 'docs/performance.md')
const charts = join(workspace, 'docs/charts')
/** What people wrote stands behind this, and stays. */
const readingHead = '## How to read it'

/** Writes docs/performance.md and its charts; the reading that is in it stays. */
export function writeReport({ machine, benchmarks }: Results): void {
  const reading = existsSync(file) ? (readFileSync(file, 'utf8').split(readingHead)[1] ?? '\n') : '\n'
  mkdirSync(charts, { recursive: true })
  const pictures: string[] = []
  for (const [name, rows] of Object.entries(benchmarks))
    for (const row of rows) {
      if (row.chart === undefined) continue
      const picture = `${name}-${pictures.length + 1}.svg`
      writeFileSync(join(charts, picture), bars(row.what, name === 'claim-latency' ? 'ms' : '/s', row.chart))
      pictures.push(`![${row.what}](charts/${picture})`)
    }
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  const text = [
    '# Performance',
    '',
    `Measured on ${machine.date} on ${machine.cores} cores of ${machine.cpu} with ${machine.memoryGiB} GiB, the database on the same machine:`,
    `embedded PostgreSQL ${machine.postgresql}, fsync on, Node ${machine.node}, ${versions.join(', ')}. \`npm run bench\` repeats it, and writes this`,
    'page. Figures of one machine mean nothing by themselves: what counts are the ratios, of candidates that took turns in one',
    'run, each by its median.',
    '',
    '| benchmark | BMDB | beside | | ratio or figure | should be | |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...Object.values(benchmarks).flat().map(tableLine),
    '',
    ...pictures.flatMap((picture) => [picture, '']),
    readingHead,
  ]
  writeFileSync(file, `${text.join('\n')}${reading}`)
}

function tableLine(row: Row): string {
  const { what, figure, against, other, value, target, note } = row
  const wanted = 'least' in target ? `≥ ${target.least}` : `≤ ${target.most}`
  const cells = [note === undefined ? what : `${what} (${note})`, figure, against, other, value.toFixed(2), wanted]
  return `| ${[...cells, passes(row) ? 'pass' : '**short**'].join(' | ')} |`
}
