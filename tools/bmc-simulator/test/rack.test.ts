import { expect, onTestFinished, test } from 'vitest'
import { generateHardware } from '../src/hardware.ts'
import { startRack, type Rack, type RackOptions } from '../src/rack.ts'
import { startBmc } from '../src/bmc.ts'

async function rack(options: Partial<RackOptions>): Promise<Rack> {
  const started = await startRack({ count: 12, seed: 'rack', ...options })
  onTestFinished(() => started.close())
  return started
}

test('the same seed and index give the same hardware', () => {
  expect(generateHardware('seed', 3)).toEqual(generateHardware('seed', 3))
  expect(generateHardware(7, 3)).toEqual(generateHardware('7', 3))
})

test('another seed or index gives other hardware', () => {
  expect(generateHardware('seed', 3)).not.toEqual(generateHardware('seed', 4))
  expect(generateHardware('seed', 3)).not.toEqual(generateHardware('another', 3))
})

test('hardware is plausible, and all kinds of it are found in a large rack', () => {
  const servers = Array.from({ length: 1000 }, (_, index) => generateHardware('large', index))
  for (const { processors, dimmSlots, drives, nics } of servers) {
    expect([1, 2]).toContain(processors.filter(({ type }) => type === 'CPU').length)
    expect(dimmSlots.filter((dimm) => dimm !== null).length).toBeGreaterThan(0)
    expect(drives.length).toBeGreaterThanOrEqual(1)
    expect(drives.length).toBeLessThanOrEqual(12)
    expect(nics.every(({ macAddress }) => /^02(:[0-9A-F]{2}){5}$/.test(macAddress))).toBe(true)
  }
  const some = (is: (server: (typeof servers)[number]) => boolean) => servers.some(is)
  expect(some(({ processors }) => processors.some(({ type }) => type === 'GPU'))).toBe(true)
  expect(some(({ dimmSlots }) => dimmSlots.includes(null))).toBe(true)
  expect(some(({ powerState }) => powerState === 'Off')).toBe(true)
  expect(some(({ drives }) => drives.some(({ health }) => health === 'Warning'))).toBe(true)
  expect(new Set(servers.map(({ manufacturer }) => manufacturer)).size).toBe(4)
  for (const unique of ['serialNumber', 'uuid'] as const) {
    expect(new Set(servers.map((server) => server[unique])).size).toBe(1000)
  }
  const macs = servers.flatMap(({ nics }) => nics.map(({ macAddress }) => macAddress))
  expect(new Set(macs).size).toBe(macs.length)
})

test('a rack has a BMC for each index, each with an address and hardware of its own', async () => {
  const { bmcs } = await rack({})
  expect(bmcs.map(({ hardware }) => hardware)).toEqual(
    Array.from({ length: 12 }, (_, index) => generateHardware('rack', index)),
  )
  expect(new Set(bmcs.map(({ url }) => url)).size).toBe(12)
  for (const { url, port } of bmcs) expect(url).toBe(`http://127.0.0.1:${port}`)
})

test('the ports of a rack follow its first one', async () => {
  const first = await twoFreePorts()
  const { bmcs } = await rack({ count: 2, firstPort: first })
  expect(bmcs.map(({ port }) => port)).toEqual([first, first + 1])
})

test('a rack of which one port is taken does not start, and leaves no BMC behind', async () => {
  const first = await twoFreePorts()
  const taken = await startBmc({ seed: 'taken', port: first + 1 })
  onTestFinished(() => taken.close())
  await expect(startRack({ count: 2, seed: 'x', firstPort: first })).rejects.toThrow('EADDRINUSE')
  const again = await startBmc({ seed: 'again', port: first })
  await again.close()
})

test('faults are in all BMCs of a rack, or in the one that is named', async () => {
  const status = async (all: Rack) =>
    await Promise.all(all.bmcs.map(async ({ url }) => (await fetch(`${url}/redfish`)).status))
  expect(await status(await rack({ count: 3, faults: { error: true } }))).toEqual([500, 500, 500])
  expect(await status(await rack({ count: 3, faults: { error: true }, faultOn: 1 }))).toEqual([200, 500, 200])
})

test.for<Partial<RackOptions>>([
  { count: 0 },
  { count: 1.5 },
  { count: 2, firstPort: 65_535 },
  { count: 2, faultOn: 2 },
  { count: 1, faults: { slow: -1 } },
])('a rack with %j does not start', async (options) => {
  const start = startRack({ count: 1, seed: 'x', ...options })
  await expect(start).rejects.toThrow(/^(\w+ must be a whole number|the fault 'slow' takes 0) (from \d+ )?to \d+/)
})

/** The first of two free ports in a row, below those that operating systems hand out by themselves. */
async function twoFreePorts(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000)
    const found = await startRack({ count: 2, seed: 'any', firstPort: first }).catch(() => null)
    await found?.close()
    if (found !== null) return first
  }
}
