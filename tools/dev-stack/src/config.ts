import { secondsFlag, switchFlag, textFlag, wholeNumberFlag, type Settings, type Usage } from '@bmdb/program'

const flags = {
  once: switchFlag({ meaning: 'ends when all machines have been inventoried: 0, or 1 if they were not in time' }),
  limitSeconds: secondsFlag({
    meaning: 'with --once: the time that the inventories may take, from the moment when everything runs',
    minimum: 1,
    maximum: 3_600,
    fallback: 90,
  }),
  machines: wholeNumberFlag({ meaning: 'how many BMCs the rack has', minimum: 1, maximum: 200, fallback: 12 }),
  workers: wholeNumberFlag({ meaning: 'how many example workers run', minimum: 1, maximum: 20, fallback: 2 }),
  seed: textFlag({ meaning: 'what the hardware is made from', placeholder: 'TEXT', fallback: 'rack 1' }),
  slowMilliseconds: wholeNumberFlag({
    meaning: 'how late every answer of a BMC comes, so that there is something to see',
    placeholder: 'MS',
    minimum: 0,
    maximum: 60_000,
    fallback: 60,
  }),
  consolePort: wholeNumberFlag({
    meaning: 'where the console is, on loopback; 0 is any free one, which is also taken where this one is not free',
    placeholder: 'PORT',
    minimum: 0,
    maximum: 65_535,
    fallback: 9_460,
  }),
  againSeconds: wholeNumberFlag({
    meaning: 'how old a report may be before its machine is inventoried again',
    placeholder: 'SECONDS',
    minimum: 1,
    maximum: 86_400,
    fallback: 30,
  }),
}

/** What `--help` tells. */
export const usage: Usage<typeof flags> = {
  name: 'npm start',
  summary: 'runs BMDB over a rack of simulated BMCs: embedded PostgreSQL, collector, console, example workers',
  command: 'npm start --',
  flags,
  examples: [
    ['npm start', 'shows machines, sessions and work until Ctrl-C'],
    ['npm start -- --once', 'ends when every machine has its hardware report'],
  ],
}

export type StackSettings = Settings<typeof flags>

/** For the programs that it starts. */
export const environment = process.env
