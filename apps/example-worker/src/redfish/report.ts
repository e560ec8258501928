/**
 * What a BMC says about its machine, in one shape for all vendors: plain JSON, in which null stands for whatever the
 * BMC does not say. Empty slots, sockets and bays are left out. Lists are in the BMC's order.
 */
export interface HardwareReport {
  readonly manufacturer: string | null
  readonly model: string | null
  readonly serialNumber: string | null
  readonly sku: string | null
  readonly uuid: string | null
  readonly biosVersion: string | null
  /** `On`, `Off`, `PoweringOn`, `PoweringOff` or `Paused`. */
  readonly powerState: string | null
  /** The machine with all its parts, where the BMC says that, else by itself: `OK`, `Warning` or `Critical`. */
  readonly health: string | null
  readonly processors: readonly ProcessorReport[]
  readonly memory: MemoryReport
  readonly drives: readonly DriveReport[]
  readonly networkInterfaces: readonly NetworkInterfaceReport[]
  readonly firmware: readonly FirmwareReport[]
  /** What was left out of the report, and why, in words for an operator; sorted. */
  readonly warnings: readonly string[]
}

export interface ProcessorReport {
  readonly id: string
  /** `CPU`, `GPU`, `FPGA`, `DSP`, `Accelerator`, … */
  readonly type: string | null
  readonly manufacturer: string | null
  readonly model: string | null
  readonly cores: number | null
  readonly threads: number | null
  /** The most it can do; what it does now where the BMC says only that. */
  readonly speedMHz: number | null
  readonly health: string | null
}

export interface MemoryReport {
  /** The sum over the modules, or what the BMC says in total where it does not give the size of each. */
  readonly totalGiB: number | null
  readonly modules: readonly MemoryModuleReport[]
}

export interface MemoryModuleReport {
  readonly id: string
  /** `DDR4`, `DDR5`, … */
  readonly type: string | null
  readonly sizeGiB: number | null
  readonly speedMHz: number | null
  readonly manufacturer: string | null
  readonly serialNumber: string | null
  readonly partNumber: string | null
  /** Its place, as printed on the board where the BMC knows that. */
  readonly slot: string | null
  readonly health: string | null
}

export interface DriveReport {
  /** The BMC's id, which two controllers may both use; from SimpleStorage, the controller's id and the bay: `1:2`. */
  readonly id: string
  readonly name: string | null
  /** `SSD`, `HDD`, `SMR`. */
  readonly mediaType: string | null
  /** `NVMe`, `SAS`, `SATA`, … */
  readonly protocol: string | null
  readonly capacityBytes: number | null
  readonly manufacturer: string | null
  readonly model: string | null
  readonly serialNumber: string | null
  readonly health: string | null
}

export interface NetworkInterfaceReport {
  /** The BMC's id; of an adapter's port, with the adapter's: `Slot1/2`. */
  readonly id: string
  /** The one that the hardware came with, where the BMC says that, else the one in use. */
  readonly macAddress: string | null
  readonly speedMbps: number | null
  /** `LinkUp`, `LinkDown`, `NoLink`, … */
  readonly linkStatus: string | null
}

export interface FirmwareReport {
  readonly id: string
  readonly name: string | null
  readonly version: string | null
}
