import { DatabaseUnavailableError } from '@bmdb/core'
import { expect, test } from 'vitest'
import { Readiness } from '../src/readiness.ts'
import { FakeTime } from './fake-time.ts'

test('it is ready once the database was opened and swept, and while sweeps work', () => {
  const time = new FakeTime()
  const readiness = new Readiness(5, time)
  expect(readiness.reasons()).toEqual(['the database was not reached yet'])
  readiness.opened()
  expect(readiness.reasons()).toEqual(['no sweep has succeeded yet'])
  readiness.swept()
  expect(readiness.reasons()).toEqual([])
  readiness.failed(new DatabaseUnavailableError('unreachable', 'cannot be\nreached'))
  expect(readiness.reasons()).toEqual(['the last sweep failed: cannot be reached'])
  readiness.swept()
  expect(readiness.reasons()).toEqual([])
})

test('a database whose tables are gone is called not migrated', () => {
  const readiness = new Readiness(5, new FakeTime())
  readiness.opened()
  readiness.swept()
  readiness.failed(Object.assign(new Error('relation "sessions" does not exist'), { code: '42P01' }))
  expect(readiness.reasons()).toEqual([
    'the last sweep failed: the database is not migrated: relation "sessions" does not exist',
  ])
})

test('a sweep that never ends is noticed by its age', () => {
  const time = new FakeTime()
  const readiness = new Readiness(5, time)
  readiness.opened()
  readiness.swept()
  time.now += 45_000
  expect(readiness.reasons()).toEqual([])
  time.now += 1_000
  expect(readiness.reasons()).toEqual(['the last sweep that worked was 46 s ago'])
})
