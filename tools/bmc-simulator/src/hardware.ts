import { CPU_MODELS, DIMM_MODELS, DRIVE_MODELS, GPU_MODELS, SERVER_MODELS } from './catalog.ts'
import { seededRandom, type Random } from './random.ts'

/** Redfish's three words for the state of a part. */
export type Health = 'OK' | 'Warning' | 'Critical'

/** What a simulated server is made of. Quantities carry their unit in the name. */
export interface Hardware {
  readonly manufacturer: string
  readonly model: string
  readonly serialNumber: string
  readonly sku: string
  readonly uuid: string
  readonly biosVersion: string
  readonly powerState: 'On' | 'Off'
  readonly processors: readonly Processor[]
  /** Every slot, in order; an empty one is null. */
  readonly dimmSlots: readonly (Dimm | null)[]
  readonly drives: readonly Drive[]
  readonly nics: readonly Nic[]
  readonly firmware: readonly { readonly id: string; readonly name: string; readonly version: string }[]
}

export interface Processor {
  readonly id: string
  readonly type: 'CPU' | 'GPU'
  readonly manufacturer: string
  readonly model: string
  /** Null for a GPU. */
  readonly cores: number | null
  readonly maxSpeedMHz: number | null
  readonly health: Health
}

export interface Dimm {
  readonly manufacturer: string
  readonly partNumber: string
  readonly serialNumber: string
  readonly sizeGiB: number
  readonly speedMHz: number
  readonly health: Health
}

export interface Drive {
  readonly name: string
  readonly manufacturer: string
  readonly model: string
  readonly serialNumber: string
  readonly mediaType: 'SSD' | 'HDD'
  readonly protocol: 'NVMe' | 'SATA' | 'SAS'
  readonly capacityBytes: number
  readonly health: Health
}

export interface Nic {
  readonly macAddress: string
  readonly linkUp: boolean
  /** Zero while the link is down. */
  readonly speedMbps: number
}

/**
 * The hardware of the server with this index in a rack with this seed: always the same for the same two, different
 * between any two indexes (serial numbers, UUIDs and MAC addresses above all).
 */
export function generateHardware(seed: string | number, index: number): Hardware {
  const random = seededRandom('hardware', seed, index)
  const server = random.pick(SERVER_MODELS)
  const biosVersion = `${random.between(1, 3)}.${random.between(0, 20)}.${random.between(0, 9)}`
  return {
    manufacturer: server.manufacturer,
    model: server.model,
    serialNumber: random.characters(7),
    sku: `${random.characters(5)}-${random.between(100, 999)}`,
    uuid: random.uuid(),
    biosVersion,
    powerState: random.chance(0.85) ? 'On' : 'Off',
    processors: processors(random, server.cpuVendor, random.between(1, server.sockets)),
    dimmSlots: dimmSlots(random, server.dimmSlots),
    drives: Array.from({ length: random.between(1, 12) }, (_, bay) => drive(random, bay)),
    nics: nics(random, index),
    firmware: [
      { id: 'BIOS', name: `${server.manufacturer} BIOS`, version: biosVersion },
      { id: 'BMC', name: server.bmc, version: `${random.between(4, 7)}.${random.between(10, 99)}` },
      { id: 'NIC', name: 'Network adapter', version: `${random.between(20, 22)}.${random.between(0, 9)}.0` },
      { id: 'RAID', name: 'Storage controller', version: `52.${random.between(10, 30)}.${random.between(0, 9)}` },
    ],
  }
}

function health(random: Random): Health {
  return random.chance(0.03) ? 'Warning' : 'OK'
}

function processors(random: Random, vendor: keyof typeof CPU_MODELS, count: number): Processor[] {
  const { cores, ...cpu } = random.pick(CPU_MODELS[vendor])
  const found: Processor[] = Array.from({ length: count }, (_, socket) => {
    return { id: `CPU${socket + 1}`, type: 'CPU', ...cpu, cores, health: health(random) }
  })
  if (random.chance(0.2)) {
    const gpu = random.pick(GPU_MODELS)
    found.push({ id: 'GPU1', type: 'GPU', ...gpu, cores: null, maxSpeedMHz: null, health: health(random) })
  }
  return found
}

/** One kind of module fills every second slot, or every slot, as memory channels want it. */
function dimmSlots(random: Random, slots: number): (Dimm | null)[] {
  const kind = random.pick(DIMM_MODELS)
  const step = random.pick([1, 2, 2])
  return Array.from({ length: slots }, (_, slot) => {
    if (slot % step !== 0) return null
    return { ...kind, serialNumber: random.characters(8), speedMHz: 3200, health: health(random) }
  })
}

function drive(random: Random, bay: number): Drive {
  const model = random.pick(DRIVE_MODELS)
  return { name: `Bay ${bay + 1}`, ...model, serialNumber: random.characters(12), health: health(random) }
}

function nics(random: Random, index: number): Nic[] {
  // A locally administered address with the index in it: no two servers of a rack can share one.
  const rack = random.characters(4, '0123456789ABCDEF')
  const prefix = ['02', rack.slice(0, 2), rack.slice(2), hexByte(index >> 8), hexByte(index)].join(':')
  return Array.from({ length: random.pick([2, 2, 4]) }, (_, port) => {
    const linkUp = port === 0 || random.chance(0.5)
    return {
      macAddress: `${prefix}:${hexByte(port)}`,
      linkUp,
      speedMbps: linkUp ? random.pick([1000, 10_000, 25_000]) : 0,
    }
  })
}

function hexByte(value: number): string {
  return (value & 0xff).toString(16).toUpperCase().padStart(2, '0')
}
