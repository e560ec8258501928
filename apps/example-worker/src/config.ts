import {
  databaseUrlFlag,
  flag,
  listenFlag,
  secondsFlag,
  switchFlag,
  textFlag,
  wholeNumberFlag,
  type Settings,
  type Usage,
} from '@bmdb/program'

/** The processes that this program can run. */
export const processNames = ['HardwareInventory', 'PowerCheck'] as const
export type ProcessName = (typeof processNames)[number]

const flags = {
  databaseUrl: databaseUrlFlag,
  listen: listenFlag,
  processes: flag<readonly ProcessName[], readonly ProcessName[]>({
    meaning: 'what to run, with commas in between',
    placeholder: 'NAMES',
    expected: `one or more of ${processNames.join(', ')}, with commas in between`,
    fallback: processNames,
    fallbackText: processNames.join(','),
    parse: parseProcesses,
  }),
  concurrency: wholeNumberFlag({
    meaning: 'how many machines to work on at the same time',
    minimum: 1,
    maximum: 1_000,
    fallback: 4,
  }),
  intervalSeconds: wholeNumberFlag({
    meaning: 'the lease: how long after its last beat others may take over',
    placeholder: 'SECONDS',
    minimum: 1,
    maximum: 3_600,
    fallback: 5,
  }),
  pollSeconds: secondsFlag({
    meaning: 'how long to wait at most when no machine needs anything, a quarter more or less',
    minimum: 0.1,
    maximum: 3_600,
    // A machine of a worker that died is taken over so much later, and no later than a second after its deadline.
    fallback: 0.5,
  }),
  maxAgeSeconds: wholeNumberFlag({
    meaning: 'takes the inventory again when the last one is older',
    placeholder: 'SECONDS',
    minimum: 1,
    maximum: 315_360_000,
    fallback: undefined,
    fallbackText: 'once is enough',
  }),
  drainSeconds: secondsFlag({
    meaning: 'how long what is under way may take to end when the program is asked to stop',
    minimum: 0,
    maximum: 600,
    fallback: 2,
  }),
  timeoutSeconds: secondsFlag({
    meaning: 'the limit for reading one machine',
    minimum: 1,
    maximum: 3_600,
    fallback: 60,
  }),
  insecureTls: switchFlag({ meaning: 'takes any TLS certificate from BMCs, and with it anybody who sits in between' }),
  redfishUsername: textFlag({
    meaning: 'the user name for the BMCs; the password comes from BMDB_REDFISH_PASSWORD alone',
    placeholder: 'NAME',
    fallback: undefined,
    fallbackText: 'none: reads what anybody may read',
    environmentVariable: 'BMDB_REDFISH_USERNAME',
  }),
}

/** What `--help` tells. */
export const usage: Usage<typeof flags> = {
  name: 'example-worker',
  summary: 'takes hardware inventory of machines, and checks their power, over Redfish',
  command: 'npx nx run example-worker:serve --',
  flags,
  examples: [
    ['npx nx run example-worker:serve', 'works on the embedded database'],
    ['npx nx run example-worker:serve -- --concurrency 16 --max-age-seconds 86400', 'takes every inventory daily'],
  ],
}

function parseProcesses(text: string): readonly ProcessName[] | undefined {
  const names = text.split(',')
  const known = processNames.filter((name) => names.includes(name))
  return known.length === names.length ? known : undefined
}

/** The checked settings. */
export type WorkerSettings = Settings<typeof flags>

/** What the program reads from the environment, the BMCs' password apart from the flags included. */
export const environment = process.env
export const redfishPassword = process.env['BMDB_REDFISH_PASSWORD']
