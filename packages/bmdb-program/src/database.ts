import { attachEmbeddedDatabase } from '@bmdb/embedded'
import { UsageError } from './errors.ts'
import { shownAddress } from './redact.ts'

/** For {@link programDatabase}. */
export interface ProgramDatabaseOptions {
  /** The database to use. Default: the embedded one. */
  readonly databaseUrl?: string | undefined
  /** There is no embedded database in production: the URL is required. */
  readonly production: boolean
  /** Where the embedded database's files are: a workspace's `.bmdb`. */
  readonly directory: string
  /** Told, in one line, that the embedded database is used. */
  readonly onLine: (line: string) => void
  /** Told what starting the embedded database does. Default: nobody. */
  readonly onProgress?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Which database a program uses, and its hold on it. */
export interface ProgramDatabase extends AsyncDisposable {
  /** Holds a password: never to be shown. */
  readonly url: string
  /** It is the embedded one, so this program migrates it. */
  readonly embedded: boolean
  /** Lets the embedded database go; the last program attached stops it. Twice is harmless. */
  close(): Promise<void>
}

/**
 * Decides which database a program uses: the one of the URL, or else the embedded one, which is started if nobody has.
 * @throws UsageError in production without a URL; EmbeddedDatabaseError; the signal's reason
 */
export async function programDatabase(options: ProgramDatabaseOptions): Promise<ProgramDatabase> {
  if (options.databaseUrl !== undefined) return handle(options.databaseUrl, false, async () => {})
  if (options.production)
    throw new UsageError('BMDB_DATABASE_URL, or --database-url, is required under NODE_ENV=production')
  const { directory, onProgress, signal } = options
  const database = await attachEmbeddedDatabase({ directory, onProgress, signal })
  const how = database.started ? 'started it' : 'it was running'
  options.onLine(
    `no BMDB_DATABASE_URL: using the embedded database at ${shownAddress(database.url)} (${how}; data under ${directory})`,
  )
  return handle(database.url, true, () => database.close())
}

function handle(url: string, embedded: boolean, close: () => Promise<void>): ProgramDatabase {
  return { url, embedded, close, [Symbol.asyncDispose]: close }
}
