import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { passes, type Benchmark, type Row } from './benchmark.ts'
import { bars } from './charts.ts'
import type { Machine, Result, Results } from './results.ts'
import { workspace } from './workspace.ts'

const file = join(workspace, 'docs/performance.md')
const charts = join(workspace, 'docs/charts')
/** What people write stands behind this, and stays. */
const ownHead = '## What is behind the figures'

/** Writes docs/performance.md and its charts; what people wrote in it stays. @returns what was written */
export async function writeReport(
  { machine, benchmarks: results }: Results,
  benchmarks: readonly Benchmark[],
): Promise<string[]> {
  const measured = benchmarks.flatMap((benchmark) => {
    const result = results[benchmark.name]
    return result === undefined ? [] : [{ ...benchmark, result }]
  })
  const rows = measured.flatMap(({ result }) => result.rows)
  const short = rows.filter((row) => !passes(row)).length
  const written = [file]
  rmSync(charts, { recursive: true, force: true })
  const sections = measured.flatMap(({ name, about, reading, result }) => {
    const pictures = chartsOf(name, result)
    written.push(...pictures.map(({ path }) => path))
    const shown = pictures.map(({ title, path }) => `![${title}](charts/${path.slice(charts.length + 1)})`)
    return [`### ${name}: ${about}`, reading, ...shown]
  })
  const text = [
    '# Performance',
    measuredOn(machine, Object.values(results)),
    '`npm run bench` measures all of it anew and keeps the figures in `docs/bench-results.json` (`npm run bench -- NAME` for one benchmark, `--list` for their names, `--help` for the rest); `npm run bench -- --report` writes this page and its charts of them. The machine should have nothing else to do.',
    'Figures of one machine mean nothing by themselves. What counts are ratios of candidates that took turns in one run, on one server with the same settings, each by its median; the lowest and the highest round stand behind it, and say how much is noise.',
    `${rows.length - short} rows pass, ${short} ${short === 1 ? 'is' : 'are'} short.`,
    [
      '| benchmark | BMDB | beside | its figure | ratio or figure | should be | |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...rows.map(tableLine),
    ].join('\n'),
    '## How to read it',
    ...sections,
    ownHead,
  ].join('\n\n')
  writeFileSync(file, await tidy(`${text}${ownPart()}`))
  return written
}

function measuredOn(machine: Machine, results: readonly Result[]): string {
  const { cpu, cores, memoryGiB, system, postgresql, node } = machine
  const dates = results.map((result) => result.date).sort()
  const days = dates[0] === dates.at(-1) ? `on ${dates[0]}` : `from ${dates[0]} to ${dates.at(-1)}`
  const rounds = [...new Set(results.map((result) => result.rounds))].join(' or ')
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  const quick = results.some((result) => result.quick)
    ? ' **Some of it by `--quick`: those figures mean nothing.**'
    : ''
  return `Measured ${days}, in ${rounds} rounds, on ${cores} cores of ${cpu} with ${memoryGiB} GiB, ${system}, the database on the same machine: embedded PostgreSQL ${postgresql} with its defaults, fsync on; Node ${node}, ${versions.join(', ')}.${quick}`
}

function chartsOf(name: string, { rows }: Result): { title: string; path: string }[] {
  const drawn = rows.flatMap(({ what, chart }) => (chart === undefined ? [] : [{ what, chart }]))
  return drawn.map(({ what, chart }, index) => {
    const path = join(charts, drawn.length === 1 ? `${name}.svg` : `${name}-${index + 1}.svg`)
    mkdirSync(charts, { recursive: true })
    writeFileSync(path, bars(what, chart))
    return { title: what, path }
  })
}

function tableLine(row: Row): string {
  const { what, figure, against, other, value, target, note } = row
  const wanted = 'least' in target ? `≥ ${target.least}` : `≤ ${target.most}`
  const shown = String(Number(value.toPrecision(value < 1_000 ? 3 : 5)))
  const cells = [note === undefined ? what : `${what} (${note})`, figure, against, other, shown, wanted]
  return `| ${[...cells, passes(row) ? 'pass' : '**short**'].join(' | ')} |`
}

function ownPart(): string {
  const [, own] = existsSync(file) ? readFileSync(file, 'utf8').split(`${ownHead}\n`) : []
  return own === undefined ? '\n\nNothing was written about them yet.\n' : `\n${own}`
}

/** As `npm run format` would: the page is checked like every other file. */
async function tidy(text: string): Promise<string> {
  const config = await resolveConfig(file)
  return format(text, { ...config, parser: 'markdown', proseWrap: 'always' })
}
