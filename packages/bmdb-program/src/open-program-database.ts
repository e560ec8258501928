import type { BMDBConfig, Connection, PrismaClient, PrismaClientLike } from '@bmdb/core'
import { programDatabase } from './database.ts'
import { openDatabase } from './open-database.ts'
import type { ProgramContext } from './run-program.ts'

/** What of a BMDB a program may choose; the rest follows from its settings. */
export type OpenProgramDatabaseOptions<Client extends PrismaClientLike> = Partial<
  Omit<BMDBConfig<Client>, 'databaseUrl' | 'logger'>
>

/** A program's open database. */
export interface OpenProgramDatabase<Client extends PrismaClientLike> extends AsyncDisposable {
  readonly connection: Connection<Client>
  /** Holds a password: never to be shown. */
  readonly url: string
  /** It is the embedded one. */
  readonly embedded: boolean
  /** Closes the connection, then lets the embedded database go. Twice is harmless. */
  close(): Promise<void>
}

/**
 * Opens the database that a program's settings name, or the embedded one, which it also migrates.
 * @param options - `componentName` is by default the program's name
 * @throws UsageError, EmbeddedDatabaseError, BMDBError, StartupError, the signal's reason
 */
export async function openProgramDatabase<Client extends PrismaClientLike = PrismaClient>(
  context: ProgramContext<{ readonly databaseUrl: string | undefined; readonly production: boolean }>,
  options: OpenProgramDatabaseOptions<Client> = {},
): Promise<OpenProgramDatabase<Client>> {
  const { settings, directory, log, signal } = context
  const database = await programDatabase({
    databaseUrl: settings.databaseUrl,
    production: settings.production,
    directory,
    onLine: (line) => log.info(line),
    onProgress: (line) => log.debug(line),
    signal,
  })
  try {
    const connection = await openDatabase<Client>(
      { componentName: context.name, ...options, databaseUrl: database.url, logger: log },
      { migrate: database.embedded, onLine: (line) => log.warn(line), signal },
    )
    const close = async (): Promise<void> => {
      await connection.close()
      await database.close()
    }
    return { connection, url: database.url, embedded: database.embedded, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await database.close()
    throw error
  }
}
