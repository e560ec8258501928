// npm run takeover [-- --times N --interval SECONDS]: how long after a killed holder's deadline others have its machine.
import { writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { BMDB, type Dialect } from '@bmdb/core'
import { testDatabases } from '@bmdb/testing'
import { help, readSettings, type Settings } from './config.ts'
import { figuresOf, limitMs } from './figures.ts'
import { measure } from './measure.ts'
import type { Takeover } from './observer.ts'

process.exitCode = await main()

async function main(): Promise<number> {
  let settings: Settings | null
  try {
    settings = readSettings(process.argv.slice(2))
  } catch (error) {
    console.error(`takeover: ${(error as Error).message.split('\n')[0]} (see --help)`)
    return 2
  }
  if (settings === null) {
    console.log(help)
    return 0
  }
  const stop = new AbortController()
  let askedMs = Infinity
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      // npm passes on a Ctrl-C that the terminal has sent here already.
      if (performance.now() - askedMs > 500) process.exit(130)
      askedMs = Math.min(askedMs, performance.now())
      stop.abort(new Error(`stopped by ${signal}`))
    })
  try {
    return await run(settings, stop.signal)
  } catch (error) {
    console.error(`takeover: ${(stop.signal.aborted ? (stop.signal.reason as Error) : (error as Error)).message}`)
    return stop.signal.aborted ? 130 : 1
  }
}

async function run(settings: Settings, signal: AbortSignal): Promise<number> {
  const { times, intervalSeconds, parallel, pollMs, jsonFile } = settings
  let server: Dialect | undefined
  await using databases = await testDatabases({
    serverUrl: settings.serverUrl,
    prepare: async (databaseUrl) => {
      const connection = await new BMDB({ databaseUrl, componentName: 'takeover' }).open({ migrate: true, signal })
      server = connection.dialect
      return connection
    },
  })
  const database = await databases.create()
  console.log(
    `takeover: ${times} × kill -9, ${parallel} at a time, interval ${intervalSeconds} s, ` +
      `claimant looks every ${pollMs} ms or so, ${server}, no collector`,
  )
  const startMs = performance.now()
  let done = 0
  const takeovers = await measure(settings, database.url, signal, ({ aliveMs, delayMs }: Takeover) => {
    done += 1
    console.log(
      `${String(done).padStart(String(times).length)}/${times}  killed ${Math.round(aliveMs)} ms before its deadline, ` +
        `taken over ${Math.round(delayMs)} ms after it`,
    )
  })
  const figures = figuresOf(takeovers)
  // A verdict of a machine that had much else to do says little about the takeovers.
  const load = { cores: availableParallelism(), lastMinute: loadavg()[0] }
  const rounded = (ms: number): string => `${Math.round(ms)} ms`
  console.log(
    `takeover: ${takeovers.length} takeovers after the deadline by: median ${rounded(figures.medianMs)}, ` +
      `slowest ${rounded(figures.slowestMs)}, earliest ${rounded(figures.earliestMs)}; ` +
      `${Math.round((performance.now() - startMs) / 1_000)} s in all, load ${load.lastMinute?.toFixed(1)} on ${load.cores} cores`,
  )
  if (figures.earliestMs < 0) console.error('takeover: FAILED: a machine was taken over before its deadline')
  if (figures.slowestMs > limitMs) console.error(`takeover: FAILED: the slowest took more than ${limitMs} ms`)
  if (jsonFile !== undefined) {
    const { serverUrl: _, jsonFile: __, ...shown } = settings
    writeFileSync(
      jsonFile,
      `${JSON.stringify({ ...shown, server, load, limitMs, ...figures, each: takeovers }, null, 2)}\n`,
    )
  }
  return figures.withinLimit ? 0 : 1
}
