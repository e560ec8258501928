export { startBmc, type Bmc, type BmcOptions } from './bmc.ts'
export { FAULT_NAMES, parseFault, type FaultName, type Faults } from './faults.ts'
export {
  generateHardware,
  type Dimm,
  type Drive,
  type Hardware,
  type Health,
  type Nic,
  type Processor,
} from './hardware.ts'
export { quirksOf, type Quirks } from './quirks.ts'
export { startRack, type Rack, type RackOptions } from './rack.ts'
export type { Credentials } from './service.ts'
