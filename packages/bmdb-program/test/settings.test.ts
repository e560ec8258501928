import { expect, test } from 'vitest'
import {
  choiceFlag,
  databaseUrlFlag,
  helpText,
  listenFlag,
  readSettings,
  secondsFlag,
  switchFlag,
  textFlag,
  UsageError,
  wholeNumberFlag,
  type Flags,
  type Usage,
} from '../src/index.ts'

const usage = {
  name: 'painter',
  summary: 'paints machines',
  command: 'npx painter',
  flags: {
    databaseUrl: databaseUrlFlag,
    listen: listenFlag,
    coats: wholeNumberFlag({ meaning: 'coats of paint', minimum: 1, maximum: 9, fallback: 2 }),
    dryingSeconds: secondsFlag({ meaning: 'between coats', minimum: 0, maximum: 60, fallback: undefined }),
    colour: choiceFlag({ meaning: 'which', placeholder: 'COLOUR', choices: ['red', 'blue'], fallback: 'red' }),
    sign: textFlag({
      meaning: 'painted on',
      placeholder: 'TEXT',
      fallback: 'wet',
      environmentVariable: 'PAINTER_SIGN',
      maximumLength: 10,
    }),
    gloss: switchFlag({ meaning: 'shiny', environmentVariable: 'PAINTER_GLOSS' }),
  },
  examples: [['npx painter --coats 3', 'paints three times']],
} satisfies Usage<Flags>

const read = (argv: string[], env: Record<string, string> = {}) => readSettings(usage, argv, env)

test('without flags and environment the defaults hold', () => {
  expect(read([])).toEqual({
    databaseUrl: undefined,
    listen: undefined,
    coats: 2,
    dryingSeconds: undefined,
    colour: 'red',
    sign: 'wet',
    gloss: false,
    logLevel: 'info',
    production: false,
  })
})

test('flags are read in both spellings, and win over the environment', () => {
  const env = {
    BMDB_LISTEN: '0.0.0.0:1',
    BMDB_LOG_LEVEL: 'error',
    BMDB_DATABASE_URL: 'postgresql://env/db',
    PAINTER_SIGN: 'env',
    NODE_ENV: 'production',
  }
  expect(read(['--coats', '3', '--drying-seconds=0.5', '--listen', '[::1]:80', '--gloss', '--sign=x'], env)).toEqual({
    databaseUrl: 'postgresql://env/db',
    listen: { host: '::1', port: 80 },
    coats: 3,
    dryingSeconds: 0.5,
    colour: 'red',
    sign: 'x',
    gloss: true,
    logLevel: 'error',
    production: true,
  })
})

test('of a flag that is given twice the last one counts, and an empty variable counts as none', () => {
  expect(read(['--coats=3', '--coats=4'], { BMDB_LISTEN: '', BMDB_DATABASE_URL: '' })).toMatchObject({
    coats: 4,
    listen: undefined,
    databaseUrl: undefined,
  })
})

test.each([
  [['--coat=1'], 'unknown flag "--coat": see --help'],
  [['-c', '1'], 'unknown flag "-c": see --help'],
  [['--__proto__=1'], 'unknown flag "--__proto__": see --help'],
  [['--constructor'], 'unknown flag "--constructor": see --help'],
  [['--no-gloss'], 'unknown flag "--no-gloss": see --help'],
  [['--dryingSeconds=1'], 'unknown flag "--dryingSeconds": see --help'],
  [['wall'], 'unexpected argument "wall": see --help'],
  [['--', 'wall'], 'unexpected argument "wall": see --help'],
  [['--coats'], '--coats needs a value: a whole number from 1 to 9'],
  [['--coats', '--gloss'], '--coats needs a value: a whole number from 1 to 9'],
  [['--coats='], '--coats is empty, it must be a whole number from 1 to 9'],
  [['--coats', '-1'], '--coats is "-1", it must be a whole number from 1 to 9'],
  [['--coats=10'], '--coats is "10", it must be a whole number from 1 to 9'],
  [['--coats=1.5'], '--coats is "1.5", it must be a whole number from 1 to 9'],
  [['--coats=0x3'], '--coats is "0x3", it must be a whole number from 1 to 9'],
  [['--coats=3\nforged line'], '--coats is "3\\nforged line", it must be a whole number from 1 to 9'],
  [['--drying-seconds=1e1'], '--drying-seconds is "1e1", it must be a number of seconds from 0 to 60'],
  [['--drying-seconds=NaN'], '--drying-seconds is "NaN", it must be a number of seconds from 0 to 60'],
  [['--drying-seconds=61'], '--drying-seconds is "61", it must be a number of seconds from 0 to 60'],
  [['--colour=green'], '--colour is "green", it must be one of red, blue'],
  [['--sign=much too long'], '--sign is "much too long", it must be a text of 1 to 10 characters'],
  [['--gloss=yes'], '--gloss takes no value: give it or leave it out'],
  [['--listen=80'], '--listen is "80", it must be host:port, such as 127.0.0.1:9464 or [::1]:9464'],
  [['--listen=h:65536'], '--listen is "h:65536", it must be host:port, such as 127.0.0.1:9464 or [::1]:9464'],
  [['--log-level=loud'], '--log-level is "loud", it must be one of error, warn, info, debug'],
])('%j is refused in one line', (argv, message) => {
  expect(() => read(argv)).toThrow(new UsageError(message))
})

test.each([
  [{ BMDB_LISTEN: 'nowhere' }, 'BMDB_LISTEN is "nowhere", it must be host:port, such as 127.0.0.1:9464 or [::1]:9464'],
  [{ BMDB_LOG_LEVEL: 'LOUD' }, 'BMDB_LOG_LEVEL is "LOUD", it must be one of error, warn, info, debug'],
  [{ PAINTER_GLOSS: '1' }, 'PAINTER_GLOSS is "1", it must be true or false'],
])('the variable is named: %j', (env, message) => {
  expect(() => read([], env)).toThrow(new UsageError(message))
})

test('a wrong variable does not matter where the flag is given', () => {
  expect(read(['--log-level=debug'], { BMDB_LOG_LEVEL: 'LOUD' })).toMatchObject({ logLevel: 'debug' })
})

test.each([
  [['postgresql://me:s3cret@host/db']],
  [['--databaseurl=postgresql://me:s3cret@host/db']],
  [['--listen', 'postgresql://me:s3cret@host/db']],
  [['--sign', 'host=h password=s3cret']],
])('no password is quoted: %j', (argv) => {
  let message = ''
  try {
    read(argv)
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).not.toBe('')
  expect(message).not.toContain('s3cret')
})

test('--help wins over what is wrong after it, and names every flag, default and variable', () => {
  expect(read(['--help', '--nonsense'])).toBe('help')
  expect(read(['-h'])).toBe('help')
  const help = helpText(usage)
  for (const part of [
    'painter: paints machines',
    'Usage: npx painter [flags]',
    /--coats NUMBER +coats of paint\n +default: 2\n/,
    /--drying-seconds SECONDS +between coats\n +--colour/,
    /--gloss +shiny\n +default: off · environment: PAINTER_GLOSS\n/,
    /--database-url URL [^]*environment: BMDB_DATABASE_URL/,
    /--listen HOST:PORT [^]*environment: BMDB_LISTEN/,
    /--log-level LEVEL [^]*default: info · environment: BMDB_LOG_LEVEL/,
    '--help',
    'npx painter --coats 3\n      paints three times',
  ])
    expect(help).toMatch(part)
})
