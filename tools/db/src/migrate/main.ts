import { isBMDBError } from '@bmdb/core'
import { databaseUrlFlag, openDatabase, openProgramDatabase, runProgram } from '@bmdb/program'
import { environment } from '../config.ts'

process.exit(
  await runProgram({
    usage: {
      name: 'db:migrate',
      summary: 'applies the migrations that the database lacks; any number of programs may do so at once',
      command: 'npx nx run db:migrate --',
      flags: { databaseUrl: databaseUrlFlag },
      examples: [['BMDB_DATABASE_URL=postgresql://… npx nx run db:migrate', 'brings that database up to date']],
    },
    argv: process.argv.slice(2),
    env: environment,
    system: process,
    main: async (context) => {
      const { settings, log, signal } = context
      if (settings.databaseUrl === undefined) {
        // The embedded database is migrated by whoever opens it.
        await using database = await openProgramDatabase(context)
        log.info(`the ${database.embedded ? 'embedded ' : ''}database is up to date`)
        return
      }
      const config = { databaseUrl: settings.databaseUrl, componentName: context.name, logger: log }
      try {
        await using _connection = await openDatabase(config, {
          migrate: true,
          timeoutMs: 60_000,
          onLine: (line) => log.warn(line),
          signal,
        })
        log.info('the database is up to date')
      } catch (error) {
        if (isBMDBError(error, 'ERR_MIGRATION')) log.debug('the migration failed', { cause: String(error.cause) })
        throw error
      }
    },
  }),
)
