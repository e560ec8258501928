// A program as small as one can be that keeps promise 10. Arguments: what it takes as flags.
import { databaseUrlFlag, openProgramDatabase, runProgram, secondsFlag } from '@bmdb/program'

const usage = {
  name: 'stopping',
  summary: 'holds a machine until it is asked to stop',
  command: 'node stopping-program.ts',
  flags: {
    databaseUrl: databaseUrlFlag,
    drainSeconds: secondsFlag({ meaning: 'how long work may take to end', minimum: 0, maximum: 60, fallback: 2 }),
    workSeconds: secondsFlag({ meaning: 'how long work takes', minimum: 0, maximum: 60, fallback: 60 }),
  },
  examples: [],
} as const

process.exit(
  await runProgram({
    usage,
    argv: process.argv.slice(2),
    env: {},
    system: process,
    async main(context) {
      const { settings, signal } = context
      await using database = await openProgramDatabase(context, { poolSize: 2 })
      await using session = await database.connection.startSession({ intervalSeconds: 60 })
      while (!signal.aborted) {
        const machines = await database.connection.prisma.machine.findMany()
        const ids = machines.map(({ id }) => id)
        const work = await session.startWork('P', ids)
        if (work === null) break
        process.stdout.write(`${JSON.stringify({ held: String(work.token) })}\n`)
        const done = await new Promise<boolean>((resolve) => {
          setTimeout(() => resolve(true), settings.workSeconds * 1_000)
          signal.addEventListener('abort', () => setTimeout(() => resolve(false), settings.drainSeconds * 1_000))
        })
        await (done ? work.finish() : work.cancel())
      }
    },
  }),
)
