import { createLogger } from 'winston'
import { expect, onTestFinished, test } from 'vitest'
import { programRegistry, startProgramHealth } from '../src/index.ts'

async function setup(listens: boolean, notReady: () => string[] | Promise<string[]> = () => []) {
  const lines: unknown[][] = []
  const log = createLogger({ silent: true })
  log.info = ((...line: unknown[]) => lines.push(line)) as unknown as typeof log.info
  const stop = new AbortController()
  const listen = listens ? { host: '127.0.0.1', port: 0 } : undefined
  const health = await startProgramHealth({ name: 'painter', settings: { listen }, log, signal: stop.signal }, notReady)
  onTestFinished(() => health.close())
  return { health, lines, stop }
}

test('a program that listens says where, and tells its version, whether it is ready, and Node’s own metrics', async () => {
  let reasons = ['no paint']
  const { health, lines } = await setup(true, () => reasons)
  expect(lines).toEqual([['telling metrics and health', { url: health.url }]])
  const get = async (path: string) => (await fetch(`${health.url}${path}`)).text()
  const before = await get('/metrics')
  expect(before).toMatch(/^bmdb_build_info\{version="\d+\.\d+\.\d+",program="painter"\} 1$/m)
  expect(before).toMatch(/^bmdb_ready 0$/m)
  expect(before).toMatch(/^process_cpu_seconds_total /m)
  reasons = []
  expect(await get('/metrics')).toMatch(/^bmdb_ready 1$/m)
})

test('a program that is to stop is not ready, whatever else it would say', async () => {
  const { health, stop } = await setup(true)
  stop.abort()
  const ready = await fetch(`${health.url}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([503, { ready: false, reasons: ['it was asked to stop'] }])
})

test('a program that does not listen tells nobody, and has a registry nevertheless', async () => {
  const { health, lines } = await setup(false)
  expect([health.url, lines]).toEqual([undefined, []])
  expect(await health.registry.metrics()).toBe('\n')
  await health.close()
})

test('where it cannot be found out whether it is ready, it is not, and all else is told', async () => {
  for (const notReady of [
    () => Promise.reject<string[]>(new Error('s3cret')),
    () => {
      throw new Error('s3cret')
    },
  ]) {
    const text = await programRegistry('painter', notReady).metrics()
    expect(text).toMatch(/^bmdb_ready 0$/m)
    expect(text).toContain('bmdb_build_info')
  }
})
