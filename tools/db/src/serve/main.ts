import { once } from 'node:events'
import { attachEmbeddedDatabase } from '@bmdb/embedded'
import { runProgram, wholeNumberFlag } from '@bmdb/program'
import { environment } from '../config.ts'

process.exit(
  await runProgram({
    usage: {
      name: 'db:serve',
      summary: 'runs the embedded PostgreSQL under .bmdb/ until it is stopped, and as long as other programs use it',
      command: 'npx nx run db:serve --',
      flags: {
        port: wholeNumberFlag({
          meaning: 'the port on 127.0.0.1 for a database that is started now',
          minimum: 1,
          maximum: 65_535,
          fallback: undefined,
          fallbackText: 'the one it had before, or any free one',
        }),
      },
      examples: [['npx nx run db:serve', 'prints the URL, for psql and for BMDB_DATABASE_URL']],
    },
    argv: process.argv.slice(2),
    env: environment,
    system: process,
    main: async ({ settings, log, signal, directory }) => {
      await using database = await attachEmbeddedDatabase({
        directory,
        signal,
        onProgress: (line) => log.info(line),
        ...(settings.port === undefined ? {} : { port: settings.port }),
      })
      log.info(database.started ? 'started the embedded database' : 'the embedded database was running already')
      // The password is this workspace's own, and the database listens on loopback alone: shown for psql.
      process.stdout.write(`${database.url}\n`)
      if (!signal.aborted) await once(signal, 'abort')
      log.info('stopping; the database goes on for as long as other programs use it')
    },
  }),
)
