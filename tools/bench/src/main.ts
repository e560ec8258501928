// npm run bench [-- NAME…]: measures BMDB beside its peers. Started by bench.mjs.
import { passes, type Benchmark, type Row } from './benchmark.ts'
import { beats } from './benchmarks/beats.ts'
import { claimLatency } from './benchmarks/claim-latency.ts'
import { claims } from './benchmarks/claims.ts'
import { consolePages } from './benchmarks/console.ts'
import { contention } from './benchmarks/contention.ts'
import { memory } from './benchmarks/memory.ts'
import { start } from './benchmarks/start.ts'
import { sweeps } from './benchmarks/sweeps.ts'
import { takeovers } from './benchmarks/takeovers.ts'
import { transact } from './benchmarks/transact.ts'
import { help, readSettings, type Settings } from './config.ts'
import { writeReport } from './report.ts'
import { keepResult, readResults } from './results.ts'
import { startBenchServer, type BenchServer } from './server.ts'

const benchmarks: readonly Benchmark[] = [
  transact,
  claims,
  claimLatency,
  beats,
  takeovers,
  sweeps,
  contention,
  consolePages,
  memory,
  start,
]

process.exitCode = await main()

async function main(): Promise<number> {
  let settings: Settings | null
  try {
    settings = readSettings(process.argv.slice(2))
    const unknown = settings?.names.filter((name) => !benchmarks.some((one) => one.name === name)) ?? []
    if (unknown.length > 0) throw new Error(`there is no benchmark ${unknown.join(', ')}; --list says which there are`)
  } catch (error) {
    console.error(`bench: ${(error as Error).message.split('\n')[0]} (see --help)`)
    return 2
  }
  if (settings === null) {
    console.log(help)
    return 0
  }
  if (settings.list) {
    for (const { name, about } of benchmarks) console.log(`${name.padEnd(14)} ${about}`)
    return 0
  }
  return settings.report ? report(settings.file!) : measure(settings)
}

async function report(file: string): Promise<number> {
  const results = readResults(file)
  if (results === undefined) {
    console.error(`bench: there are no figures in ${file}`)
    return 1
  }
  for (const written of await writeReport(results, benchmarks)) console.log(`bench: wrote ${written}`)
  return 0
}

async function measure(settings: Settings): Promise<number> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
  const { names } = settings
  const chosen = names.length === 0 ? benchmarks : benchmarks.filter((one) => names.includes(one.name))
  const startMs = performance.now()
  try {
    await using server = await startBenchServer()
    const { cpu, cores, postgresql, node } = server.machine
    console.log(`bench: ${cpu}, ${cores} cores, PostgreSQL ${postgresql}, Node ${node}`)
    const rows: Row[] = []
    let failed = 0
    for (const benchmark of chosen) {
      try {
        rows.push(...(await measureOne(benchmark, settings, server, stop.signal)))
      } catch (error) {
        stop.signal.throwIfAborted()
        failed += 1
        console.error(`bench: ${benchmark.name} failed: ${(error as Error).stack}`)
      }
      await server.clear()
    }
    console.log('')
    for (const row of rows) console.log(lineOf(row))
    const short = rows.filter((row) => !passes(row)).length
    const minutes = ((performance.now() - startMs) / 60_000).toFixed(1)
    console.log(
      `bench: ${rows.length - short} pass, ${short} short${failed > 0 ? `, ${failed} failed` : ''}, ${minutes} minutes`,
    )
    return short + failed === 0 ? 0 : 1
  } catch (error) {
    console.error(`bench: ${stop.signal.aborted ? (stop.signal.reason as Error).message : (error as Error).stack}`)
    return stop.signal.aborted ? 130 : 1
  }
}

async function measureOne(
  { name, run }: Benchmark,
  { rounds, quick, file }: Settings,
  { url: serverUrl, machine, database, migrated }: BenchServer,
  signal: AbortSignal,
): Promise<Row[]> {
  const startMs = performance.now()
  const tell = (line: string): void => console.log(`  ${name}: ${line}`)
  const rows = await run({ rounds, quick, serverUrl, database, migrated, tell, signal })
  tell(`took ${Math.round((performance.now() - startMs) / 1_000)} s`)
  for (const row of rows) console.log(lineOf(row))
  const date = new Date().toISOString().slice(0, 10)
  if (file !== undefined) keepResult(file, machine, name, { date, rounds, quick, rows })
  return rows
}

function lineOf(row: Row): string {
  const { what, against, figure, other, value, target, note } = row
  const wanted = 'least' in target ? `at least ${target.least}` : `at most ${target.most}`
  const shown = `${Number(value.toPrecision(value < 1_000 ? 3 : 5))}, ${wanted}`
  const cells = [note === undefined ? what : `${what} (${note})`, figure, `${against}: ${other}`, shown]
  return [...cells, passes(row) ? 'pass' : 'short'].join(' | ')
}
