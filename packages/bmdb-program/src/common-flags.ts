import { choiceFlag, flag, textFlag } from './flag.ts'
import { parseListenAddress, type ListenAddress } from './listen-address.ts'
import { logLevels } from './log-level.ts'

/** `--database-url`, for programs that use a database. */
export const databaseUrlFlag = textFlag({
  meaning: 'the database: postgresql://user:password@host:port/database',
  placeholder: 'URL',
  fallback: undefined,
  fallbackText: 'the embedded one, started if nobody has (not under NODE_ENV=production)',
  environmentVariable: 'BMDB_DATABASE_URL',
  maximumLength: 10_000,
  secret: true,
})

/** `--listen`, for programs that tell their metrics and health over HTTP. */
export const listenFlag = flag<ListenAddress, undefined>({
  meaning: 'serves /metrics, /healthz and /readyz there; port 0 is any free one',
  placeholder: 'HOST:PORT',
  expected: 'host:port, such as 127.0.0.1:9464 or [::1]:9464',
  fallback: undefined,
  fallbackText: 'does not listen',
  environmentVariable: 'BMDB_LISTEN',
  parse: parseListenAddress,
})

/** The flags that every program has, besides `--help`. */
export const alwaysThere = {
  logLevel: choiceFlag({
    meaning: `how much to log: ${logLevels.join(', ')}`,
    placeholder: 'LEVEL',
    choices: logLevels,
    fallback: 'info',
    environmentVariable: 'BMDB_LOG_LEVEL',
  }),
}
