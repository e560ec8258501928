// npm run bench [-- NAME…]: measures BMDB beside its peers. Started by bench.mjs.
import { passes, type Benchmark, type Row } from './benchmark.ts'
import { beats } from './benchmarks/beats.ts'
import { claimLatency } from './benchmarks/claim-latency.ts'
import { claims } from './benchmarks/claims.ts'
import { contention } from './benchmarks/contention.ts'
import { memory } from './benchmarks/memory.ts'
import { start } from './benchmarks/start.ts'
import { sweeps } from './benchmarks/sweeps.ts'
import { takeovers } from './benchmarks/takeovers.ts'
import { transact } from './benchmarks/transact.ts'
import { help, readSettings, type Settings } from './config.ts'
import { writeReport } from './report.ts'
import { keepResults, readResults } from './results.ts'
import { startBenchServer } from './server.ts'

const benchmarks: readonly Benchmark[] = [
  transact,
  claims,
  claimLatency,
  beats,
  takeovers,
  sweeps,
  contention,
  memory,
  start,
]

process.exitCode = await main()

async function main(): Promise<number> {
  let settings: Settings | null
  try {
    settings = readSettings(process.argv.slice(2))
    const unknown = settings?.names.filter((name) => !benchmarks.some((one) => one.name === name)) ?? []
    if (unknown.length > 0) throw new Error(`there is no benchmark ${unknown.join(', ')}`)
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
  if (settings.report) {
    const results = readResults()
    if (results === undefined) {
      console.error('bench: nothing was measured yet')
      return 1
    }
    writeReport(results)
    return 0
  }
  return measure(settings)
}

async function measure({ names, rounds, quick }: Settings): Promise<number> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
  const chosen = names.length === 0 ? benchmarks : benchmarks.filter((one) => names.includes(one.name))
  let short = 0
  try {
    await using server = await startBenchServer()
    const machine = await server.machine()
    console.log(`bench: ${machine.cpu}, ${machine.cores} cores, PostgreSQL ${machine.postgresql}, Node ${machine.node}`)
    for (const { name, run } of chosen) {
      const { database, migrated } = server
      const tell = (line: string): void => console.log(`  ${name}: ${line}`)
      const rows = await run({ rounds, quick, database, migrated, tell, signal: stop.signal })
      for (const row of rows) console.log(lineOf(row))
      short += rows.filter((row) => !passes(row)).length
      if (!quick) keepResults(machine, { [name]: rows })
    }
  } catch (error) {
    console.error(`bench: ${stop.signal.aborted ? (stop.signal.reason as Error).message : (error as Error).stack}`)
    return stop.signal.aborted ? 130 : 1
  }
  const kept = quick ? undefined : readResults()
  if (kept !== undefined) writeReport(kept)
  console.log(short === 0 ? 'bench: all rows pass' : `bench: ${short} rows are short`)
  return short === 0 ? 0 : 1
}

function lineOf(row: Row): string {
  const { what, against, figure, other, value, target } = row
  const wanted = 'least' in target ? `at least ${target.least}` : `at most ${target.most}`
  return `${what} | ${figure} | ${against}: ${other} | ${value.toFixed(2)}, ${wanted} | ${passes(row) ? 'pass' : 'short'}`
}
