import { readSettings, UsageError } from '@bmdb/program'
import { expect, test } from 'vitest'
import { usage } from '../src/config.ts'

test('without flags it sweeps every 5 seconds, 1000 sessions at most, without grace, and does not listen', () => {
  expect(readSettings(usage, [], {})).toEqual({
    intervalSeconds: 5,
    limit: 1_000,
    graceSeconds: 0,
    databaseUrl: undefined,
    listen: undefined,
    logLevel: 'info',
    production: false,
  })
})

test.each([
  [['--interval-seconds=0'], '--interval-seconds is "0", it must be a number of seconds from 0.1 to 3600'],
  [['--limit=0'], '--limit is "0", it must be a whole number from 1 to 100000'],
  [['--limit=many'], '--limit is "many", it must be a whole number from 1 to 100000'],
  [['--grace-seconds', '-1'], '--grace-seconds is "-1", it must be a number of seconds from 0 to 86400'],
])('%j is refused in one line', (argv, message) => {
  expect(() => readSettings(usage, argv, {})).toThrow(new UsageError(message))
})
