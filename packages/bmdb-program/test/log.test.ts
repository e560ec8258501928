import { expect, test } from 'vitest'
import { createLog, type LogLevel } from '../src/index.ts'
import { FakeSystem } from './fake-system.ts'

function setup(options: { isTTY?: boolean; level?: LogLevel; colours?: boolean } = {}) {
  const { isTTY = false, level = 'info', colours = true } = options
  const system = new FakeSystem('/nowhere', isTTY)
  const log = createLog({ name: 'painter', level, stream: system.stdout, colours })
  const written = async (): Promise<string> => {
    await new Promise((resolve) => setImmediate(resolve))
    return system.out
  }
  return { system, log, written }
}

test('without a terminal every line is JSON with its fields', async () => {
  const { log, written } = setup()
  log.info('painted', { machines: 3, token: 12n, error: new Error('dry'), none: null })
  log.warn('again')
  const lines = (await written()).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
      level: 'info',
      program: 'painter',
      message: 'painted',
      machines: 3,
      token: '12',
      error: { name: 'Error', message: 'dry' },
      none: null,
    },
    { time: expect.any(String) as unknown, level: 'warn', program: 'painter', message: 'again' },
  ])
})

test('on a terminal a line reads time, level, message, key=value', async () => {
  const { log, written } = setup({ isTTY: true, colours: false })
  log.info('painted', { machines: 3, colour: 'light blue', token: 12n, list: [1, 2], nothing: undefined })
  expect(await written()).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} info {2}painted machines=3 colour="light blue" token="12" list=\[1,2\]\n$/,
  )
})

test('colours are for terminals', async () => {
  const pretty = setup({ isTTY: true })
  pretty.log.error('torn', { machine: 1 })
  expect(await pretty.written()).toContain('\u001b[31merror\u001b[0m torn')
  const plain = setup()
  plain.log.error('torn', { machine: 1 })
  expect(await plain.written()).not.toContain('\u001b')
})

test('lines below the level are not written', async () => {
  const { log, written } = setup({ level: 'warn' })
  log.debug('a')
  log.info('b')
  log.warn('c')
  expect(await written()).toMatch(/^\{[^\n]*"c"\}\n$/)
})

test('a message of several lines stays one line of JSON, and no password of a URL is written', async () => {
  const { log, written } = setup()
  log.info('first\nsecond postgresql://me:s3cr@et@host/db', { url: 'postgres://me:s3cret@host' })
  const text = await written()
  expect(text.split('\n')).toHaveLength(2)
  expect(text).not.toContain('s3cr')
  expect(text).toContain('postgresql://***@host/db')
})

test('a reader that has gone does not end the program', async () => {
  const { system, log, written } = setup()
  system.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  log.info('still there')
  expect(await written()).toContain('still there')
})
