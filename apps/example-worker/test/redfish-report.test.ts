import { existsSync } from 'node:fs'
import path from 'node:path'
import { quirksOf, startBmc, type BmcOptions, type Hardware, type Quirks } from '@bmdb/bmc-simulator'
import { expect, onTestFinished, test } from 'vitest'
import { readHardware } from '../src/redfish/read-hardware.ts'
import type { HardwareReport } from '../src/redfish/report.ts'
import { collection, oneSystem, reference, serveResources } from './serve-resources.ts'

async function bmc(options: Partial<BmcOptions>) {
  const started = await startBmc({ seed: 'report', ...options })
  onTestFinished(() => started.close())
  return started
}

/** What a report must say about hardware that the simulator made up. */
function expected(hardware: Hardware, quirks: Quirks): HardwareReport {
  const unlessNull = <T>(value: T) => (quirks.nulls ? null : value)
  const parts = [...hardware.processors, ...hardware.dimmSlots, ...hardware.drives]
  const dimms = hardware.dimmSlots.flatMap((dimm, slot) => (dimm === null ? [] : [{ ...dimm, slot: slot + 1 }]))
  return {
    manufacturer: hardware.manufacturer,
    model: hardware.model,
    serialNumber: hardware.serialNumber,
    sku: unlessNull(hardware.sku),
    uuid: hardware.uuid,
    biosVersion: hardware.biosVersion,
    powerState: hardware.powerState,
    health: parts.some((part) => part?.health === 'Warning') ? 'Warning' : 'OK',
    processors: hardware.processors.map(({ id, type, manufacturer, model, cores, maxSpeedMHz, health }) => ({
      ...{ id, type, manufacturer: unlessNull(manufacturer), model, cores },
      ...{ threads: cores === null ? null : cores * 2, speedMHz: unlessNull(maxSpeedMHz), health },
    })),
    memory: {
      totalGiB: dimms.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0),
      modules: dimms.map(({ sizeGiB, speedMHz, manufacturer, serialNumber, partNumber, slot, health }) => ({
        ...{ id: `DIMM${slot}`, type: 'DDR4', sizeGiB, speedMHz: unlessNull(speedMHz), manufacturer, serialNumber },
        ...{ partNumber: unlessNull(partNumber), slot: `Slot ${slot}`, health },
      })),
    },
    drives: hardware.drives.map(({ name, manufacturer, model, serialNumber, mediaType, protocol, ...drive }, bay) =>
      quirks.simpleStorage
        ? {
            id: `1:${bay + 1}`,
            name,
            manufacturer,
            model,
            serialNumber: null,
            mediaType: null,
            protocol: null,
            ...drive,
          }
        : {
            ...{ id: String(bay + 1), name, manufacturer: unlessNull(manufacturer), model, serialNumber },
            ...{ mediaType, protocol, ...drive },
          },
    ),
    networkInterfaces: hardware.nics.map(({ macAddress, speedMbps, linkUp }, port) => ({
      id: quirks.networkAdapters ? `Slot1/${port + 1}` : `NIC${port + 1}`,
      macAddress,
      speedMbps: quirks.nulls && !quirks.networkAdapters ? null : speedMbps,
      linkStatus: linkUp ? 'LinkUp' : 'LinkDown',
    })),
    firmware: hardware.firmware,
    warnings: [],
  }
}

test.for([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])(
  'the report on simulated server %i says what it is made of, whatever the quirks of its service',
  async (index) => {
    const { url, hardware } = await bmc({ index })
    const report = await readHardware(url)
    expect(report).toEqual(expected(hardware as Hardware, quirksOf(index)))
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  },
)

test.for<Partial<Quirks>>([
  { simpleStorage: true },
  { networkAdapters: true },
  { pageSize: 1 },
  { pageSize: 3 },
  { nulls: true },
])('a service with %j alone gives the same report as any other', async (quirk) => {
  const quirks = { simpleStorage: false, networkAdapters: false, pageSize: 0, nulls: false, ...quirk }
  const { url, hardware } = await bmc({ quirks })
  expect(await readHardware(url)).toEqual(expected(hardware as Hardware, quirks))
})

const tree = path.resolve(import.meta.dirname, '../../../../shared/redfish/public-rackmount1')
const missing = existsSync(tree) ? '' : ' (skipped: there is no ../shared/redfish/public-rackmount1)'

test.skipIf(missing !== '')(`the report on the DMTF's rack server says what it is made of${missing}`, async () => {
  const { url } = await bmc({ tree })
  const report = await readHardware(url)
  expect(report).toMatchObject({
    manufacturer: 'Contoso',
    model: '3500',
    serialNumber: '437XR1138R2',
    sku: '8675309',
    uuid: '38947555-7742-3448-3784-823347823834',
    biosVersion: 'P79 v1.45 (12/06/2017)',
    powerState: 'On',
    health: 'OK',
    warnings: [],
  })
  expect(report.processors).toMatchObject([
    { id: 'CPU1', type: 'CPU', manufacturer: 'Intel(R) Corporation', cores: 8, threads: 16, speedMHz: 3700 },
    { id: 'FPGA1', type: 'FPGA', model: 'Stratix 10', cores: null, health: 'OK' },
  ])
  expect(report.memory.totalGiB).toBe(96)
  expect(report.memory.modules).toMatchObject(
    ['DIMM1', 'DIMM2', 'DIMM3'].map((id) => ({ id, type: 'DDR4', sizeGiB: 32, health: 'OK' })),
  )
  expect(report.memory.modules[0]?.slot).toBe('socket 1 slot 1')
  expect(report.drives).toMatchObject([
    { id: '1:1', name: 'SATA Bay 1', model: '3000GT8', capacityBytes: 8e12, health: 'OK' },
    { id: '1:2', name: 'SATA Bay 2', model: '3000GT7', capacityBytes: 4e12, health: 'Warning' },
  ])
  expect(report.networkInterfaces).toEqual([
    { id: '12446A3B0411', macAddress: '12:44:6A:3B:04:11', speedMbps: 1000, linkStatus: 'LinkUp' },
    { id: '12446A3B8890', macAddress: '12:44:6A:3B:88:90', speedMbps: 1000, linkStatus: 'LinkUp' },
    { id: 'ToManager', macAddress: 'AA:BB:CC:DD:EE:FE', speedMbps: 100, linkStatus: null },
  ])
  expect(report.firmware).toContainEqual({ id: 'BMC', name: 'Contoso BMC Firmware', version: '1.45.455b66-rev4' })
})

test('a system that says nothing about itself gives a report of nulls', async () => {
  const { url } = await serveResources(oneSystem({ Model: null, Status: null, Processors: null, Storage: {} }))
  expect(await readHardware(url)).toEqual({
    ...{ manufacturer: null, model: null, serialNumber: null, sku: null, uuid: null, biosVersion: null },
    ...{ powerState: null, health: null, processors: [], memory: { totalGiB: null, modules: [] }, drives: [] },
    ...{ networkInterfaces: [], firmware: [], warnings: [] },
  })
})

test('members of the wrong type, blank texts and characters that databases refuse are taken out', async () => {
  const system = { Model: 3500, Manufacturer: '  Contoso\u0000\u0007 \ud800', SKU: ' ', SerialNumber: 'x'.repeat(5000) }
  const { url } = await serveResources(oneSystem(system))
  const report = await readHardware(url)
  expect(report).toMatchObject({ model: null, manufacturer: 'Contoso', sku: null })
  expect(report.serialNumber).toHaveLength(1024)
})

test('drives that are absent are left out, and SimpleStorage is read where Storage has none left', async () => {
  const { url } = await serveResources(
    oneSystem(
      { Storage: reference('/s'), SimpleStorage: reference('/simple') },
      {
        '/s': collection('/s/1'),
        '/s/1': { Drives: [reference('/s/1/d1'), null] },
        '/s/1/d1': { Id: 'd1', Status: { State: 'Absent' } },
        '/simple': collection('/simple/A'),
        '/simple/A': { Devices: [{ Status: { State: 'Absent' } }, { Name: 'Disk', CapacityBytes: 5 }, null] },
      },
    ),
  )
  expect((await readHardware(url)).drives).toMatchObject([{ id: 'A:2', name: 'Disk', capacityBytes: 5 }])
})

test('a drive that two controllers share is reported once', async () => {
  const { url } = await serveResources(
    oneSystem(
      { Storage: reference('/s') },
      {
        '/s': collection('/s/1', '/s/2'),
        '/s/1': { Drives: [reference('/d')] },
        '/s/2': { Drives: [reference('/d')] },
        '/d': { Id: 'd' },
      },
    ),
  )
  expect((await readHardware(url)).drives).toMatchObject([{ id: 'd' }])
})

test('a link with a fragment leads to a part of a resource', async () => {
  const { url } = await serveResources(
    oneSystem(
      { Storage: reference('/s') },
      {
        '/s': collection('/s/1'),
        '/s/1': { Drives: [reference('/s/1#/In~1side/1')], 'In/side': [{}, { Id: 'second', Model: 'M' }] },
      },
    ),
  )
  expect((await readHardware(url)).drives).toMatchObject([{ id: 'second', model: 'M' }])
})

test('ports in the words of older services are understood', async () => {
  const { url } = await serveResources(
    oneSystem(
      { NetworkInterfaces: reference('/n') },
      {
        '/n': collection('/n/1'),
        '/n/1': { Links: { NetworkAdapter: reference('/a') } },
        '/a': { Id: 'A', NetworkPorts: reference('/a/p') },
        '/a/p': collection('/a/p/1'),
        '/a/p/1': { AssociatedNetworkAddresses: ['02:00'], CurrentLinkSpeedMbps: 1000, LinkStatus: 'Up' },
      },
    ),
  )
  expect((await readHardware(url)).networkInterfaces).toEqual([
    { id: 'A/1', macAddress: '02:00', speedMbps: 1000, linkStatus: 'LinkUp' },
  ])
})

test('the memory of modules that hide their size is what the system says in total', async () => {
  const { url } = await serveResources(
    oneSystem(
      { Memory: reference('/m'), MemorySummary: { TotalSystemMemoryGiB: 24 } },
      { '/m': collection('/m/1', '/m/2'), '/m/1': { CapacityMiB: 8192 }, '/m/2': { CapacityMiB: null } },
    ),
  )
  expect((await readHardware(url)).memory).toMatchObject({ totalGiB: 24, modules: [{ sizeGiB: 8 }, { sizeGiB: null }] })
})

test('of several systems the first that is there is reported, and the others are named', async () => {
  const { url } = await serveResources({
    '/redfish/v1/': { Systems: reference('/redfish/v1/Systems') },
    '/redfish/v1/Systems': collection('/a', '/b', '/c'),
    '/a': { Id: 'A', Status: { State: 'Absent' } },
    '/b': { Id: 'B', Model: 'second' },
    '/c': { Id: 'C' },
  })
  expect(await readHardware(url)).toMatchObject({
    model: 'second',
    warnings: ['only the system B is reported; the BMC also has C'],
  })
})

test('what the BMC links to and does not have is left out, with a warning for each', async () => {
  const { url } = await serveResources(
    oneSystem(
      { Processors: reference('/p'), Memory: reference('/gone') },
      { '/p': collection('/p/2', '/p/1'), '/p/1': { Model: 'M' } },
    ),
  )
  const report = await readHardware(url)
  expect(report.processors).toMatchObject([{ id: '1', model: 'M' }])
  expect(report.warnings).toEqual(
    ['/gone', '/p/2'].map((link) => `${link} is left out: the BMC links to it, and then answers 404 Not Found`),
  )
})
