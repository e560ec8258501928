import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { databaseUrlFlag, openProgramDatabase, runProgram, wholeNumberFlag } from '@bmdb/program'
import { environment } from '../config.ts'

// Its terminal was closed: Studio, in a group of its own, would go on. Under nohup there is none.
if (process.stdout.isTTY) process.on('SIGHUP', () => process.emit('SIGTERM', 'SIGTERM'))

process.exit(
  await runProgram({
    usage: {
      name: 'db:studio',
      summary: 'shows the tables in a browser, with Prisma Studio (PostgreSQL; not promised on CockroachDB)',
      command: 'npx nx run db:studio --',
      flags: {
        databaseUrl: databaseUrlFlag,
        port: wholeNumberFlag({ meaning: 'the port of its page', minimum: 1, maximum: 65_535, fallback: 5555 }),
      },
      examples: [['npx nx run db:studio', 'the embedded database, at http://localhost:5555']],
    },
    argv: process.argv.slice(2),
    env: environment,
    system: process,
    main: async (context) => {
      const { settings, directory, signal } = context
      await using database = await openProgramDatabase(context)
      context.log.info('it shows the rows as they were when its page was loaded: refresh the table to see changes')
      // prisma/studio#1349: its grid takes rows without a primary key for one and the same.
      context.log.info(
        'of the views (session_status, work_held, work_backoff_active) it shows one row: ask on its SQL page',
      )
      context.log.warn(
        'it can write, and nothing guards that: rows of sessions and work are the locks of running programs',
      )
      const prisma = createRequire(import.meta.url).resolve('prisma/package.json')
      const command = join(dirname(prisma), 'build/index.js')
      const child = spawn(process.execPath, [command, 'studio', '--browser', 'none', '--port', String(settings.port)], {
        // The folder of prisma.config.ts. The URL goes by the environment, where other users cannot read it.
        cwd: dirname(directory),
        stdio: ['ignore', 'inherit', 'inherit'],
        // A group of its own: Ctrl-C is for this program, which then stops Studio.
        detached: true,
        env: {
          ...environment,
          BMDB_DATABASE_URL: database.url,
          // Studio uses no schema engine, but Prisma's command line would download one.
          PRISMA_SCHEMA_ENGINE_BINARY: environment['PRISMA_SCHEMA_ENGINE_BINARY'] ?? process.execPath,
          CHECKPOINT_DISABLE: '1',
        },
      })
      const ended = new Promise<number | null>((resolve, reject) => {
        child.on('error', reject)
        child.on('exit', (code) => resolve(code))
      })
      const stop = (): void => void child.kill('SIGTERM')
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
      const code = await ended
      return signal.aborted ? 0 : (code ?? 1)
    },
  }),
)
