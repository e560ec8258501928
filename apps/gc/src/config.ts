import process from 'node:process'
import {
  databaseUrlFlag,
  listenFlag,
  secondsFlag,
  wholeNumberFlag,
  type Environment,
  type Flags,
  type Settings,
  type Usage,
} from '@bmdb/program'

/** The environment that settings are read from, where flags do not say otherwise. */
export const environment: Environment = process.env

/** What the collector is and takes. */
export const usage = {
  name: 'gc',
  summary: 'the collector of BMDB: removes expired sessions and the work that they held',
  command: 'npx nx run gc:serve --',
  flags: {
    intervalSeconds: secondsFlag({
      meaning: 'how long from one sweep to the next, a fifth more or less; 0.1 to 3600',
      minimum: 0.1,
      maximum: 3_600,
      fallback: 5,
    }),
    limit: wholeNumberFlag({
      meaning: 'sessions removed by one sweep at most, 1 to 100000; if there are more the next sweep follows at once',
      minimum: 1,
      maximum: 100_000,
      fallback: 1_000,
    }),
    graceSeconds: secondsFlag({
      meaning: 'leaves sessions alone until so long after their deadline; 0 to 86400',
      minimum: 0,
      maximum: 86_400,
      fallback: 0,
    }),
    databaseUrl: databaseUrlFlag,
    listen: listenFlag,
  },
  examples: [
    ['npx nx run gc:serve', 'sweeps the embedded database every 5 seconds'],
    [
      'npx nx run gc:serve -- --listen=127.0.0.1:9464 --log-level=debug',
      'tells its metrics and health at http://127.0.0.1:9464/metrics, /healthz and /readyz',
    ],
    [
      'BMDB_DATABASE_URL=postgresql://gc:secret@db:26257/bmdb npx nx run gc:serve -- --grace-seconds=30',
      'another database, and half a minute for programs to come back',
    ],
  ],
} satisfies Usage<Flags>

/** The collector's checked settings. */
export type GcSettings = Settings<typeof usage.flags>
