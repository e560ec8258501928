// npm run hammer [-- --seconds N] [--programs N] [--machines N] [--server-url URL]
import { parseArgs } from 'node:util'
import { testDatabases } from '@bmdb/testing'
import { hammer } from './hammer.ts'

const help = `Claims machines from many programs at once, by every way of claiming that there is, and judges by what the
programs held themselves: processes in conflict never on one machine, never too many of a process in one rack.

usage: npm run hammer -- [--seconds N] [--programs N] [--machines N] [--server-url URL]

  --seconds N          how long; default 60
  --programs N         how many programs; default 8
  --machines N         how many machines, five in a rack; default 40
  --server-url URL     a PostgreSQL or CockroachDB server, for a database of its own; default the embedded one, in memory

Exits with 0 if nothing was violated, else with 1.
`

process.exitCode = await main()

async function main(): Promise<number> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('interrupted')))
  process.once('SIGTERM', () => stop.abort(new Error('terminated')))
  let options: { seconds: number; programs: number; machines: number; serverUrl: string | undefined }
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean' },
        seconds: { type: 'string', default: '60' },
        programs: { type: 'string', default: '8' },
        machines: { type: 'string', default: '40' },
        'server-url': { type: 'string' },
      },
    })
    if (values.help === true) {
      console.log(help)
      return 0
    }
    options = {
      seconds: positive('--seconds', values.seconds),
      programs: positive('--programs', values.programs),
      machines: positive('--machines', values.machines),
      serverUrl: values['server-url'],
    }
  } catch (error) {
    console.error(`hammer: ${(error as Error).message.split('\n')[0]} (see --help)`)
    return 2
  }
  const databases = await testDatabases({ serverUrl: options.serverUrl, prepare: async () => {} })
  const database = await databases.create()
  try {
    console.log(`hammer: ${options.programs} programs for ${options.seconds} s on ${options.machines} machines`)
    const { violations, held, byWay, timeouts } = await hammer({
      ...options,
      databaseUrl: database.url,
      signal: stop.signal,
    })
    for (const [name, count] of [...Object.entries(held), ...Object.entries(byWay)]) console.log(`  ${name}: ${count}`)
    for (const violation of violations.slice(0, 20)) console.log(`  VIOLATED: ${violation}`)
    console.log(`hammer: ${violations.length} violations, ${timeouts} claims timed out`)
    return violations.length === 0 ? 0 : 1
  } finally {
    await database.drop()
    await databases.close()
  }
}

function positive(name: string, value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value))
    throw new Error(`${name} is ${JSON.stringify(value)}, it must be a whole number from 1`)
  return Number(value)
}
