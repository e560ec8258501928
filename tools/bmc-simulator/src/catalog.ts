/** The parts that simulated servers are built from: plausible, with no claim that a vendor sells just this mix. */

export interface ServerModel {
  readonly manufacturer: string
  readonly model: string
  readonly cpuVendor: 'Intel' | 'AMD'
  readonly sockets: 1 | 2
  readonly dimmSlots: number
  /** The name of the BMC's firmware. */
  readonly bmc: string
}

export const SERVER_MODELS: readonly ServerModel[] = [
  { manufacturer: 'Dell Inc.', model: 'PowerEdge R650', cpuVendor: 'Intel', sockets: 2, dimmSlots: 16, bmc: 'iDRAC' },
  { manufacturer: 'Dell Inc.', model: 'PowerEdge R6515', cpuVendor: 'AMD', sockets: 1, dimmSlots: 8, bmc: 'iDRAC' },
  { manufacturer: 'HPE', model: 'ProLiant DL360 Gen10', cpuVendor: 'Intel', sockets: 2, dimmSlots: 12, bmc: 'iLO 5' },
  { manufacturer: 'HPE', model: 'ProLiant DL325 Gen10', cpuVendor: 'AMD', sockets: 1, dimmSlots: 8, bmc: 'iLO 5' },
  { manufacturer: 'Lenovo', model: 'ThinkSystem SR630 V2', cpuVendor: 'Intel', sockets: 2, dimmSlots: 16, bmc: 'XCC' },
  { manufacturer: 'Supermicro', model: 'SYS-120C-TR', cpuVendor: 'Intel', sockets: 2, dimmSlots: 16, bmc: 'BMC' },
  { manufacturer: 'Supermicro', model: 'AS-1114S-WTRT', cpuVendor: 'AMD', sockets: 1, dimmSlots: 8, bmc: 'BMC' },
]

export interface CpuModel {
  readonly manufacturer: string
  readonly model: string
  readonly cores: number
  readonly maxSpeedMHz: number
}

export const CPU_MODELS: Readonly<Record<ServerModel['cpuVendor'], readonly CpuModel[]>> = {
  Intel: [
    { manufacturer: 'Intel', model: 'Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz', cores: 16, maxSpeedMHz: 3400 },
    { manufacturer: 'Intel', model: 'Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz', cores: 32, maxSpeedMHz: 3200 },
    { manufacturer: 'Intel', model: 'Intel(R) Xeon(R) Gold 5317 CPU @ 3.00GHz', cores: 12, maxSpeedMHz: 3600 },
  ],
  AMD: [
    { manufacturer: 'AMD', model: 'AMD EPYC 7313P 16-Core Processor', cores: 16, maxSpeedMHz: 3700 },
    { manufacturer: 'AMD', model: 'AMD EPYC 7543P 32-Core Processor', cores: 32, maxSpeedMHz: 3700 },
  ],
}

export const GPU_MODELS: readonly { readonly manufacturer: string; readonly model: string }[] = [
  { manufacturer: 'NVIDIA', model: 'A2' },
  { manufacturer: 'NVIDIA', model: 'L4' },
  { manufacturer: 'AMD', model: 'Instinct MI210' },
]

export const DIMM_MODELS: readonly {
  readonly manufacturer: string
  readonly partNumber: string
  readonly sizeGiB: number
}[] = [
  { manufacturer: 'Samsung', partNumber: 'M393A2K40DB3-CWE', sizeGiB: 16 },
  { manufacturer: 'SK Hynix', partNumber: 'HMAA4GR7AJR8N-XN', sizeGiB: 32 },
  { manufacturer: 'Micron', partNumber: 'MTA36ASF8G72PZ-3G2', sizeGiB: 64 },
]

export const DRIVE_MODELS: readonly {
  readonly manufacturer: string
  readonly model: string
  readonly mediaType: 'SSD' | 'HDD'
  readonly protocol: 'NVMe' | 'SATA' | 'SAS'
  readonly capacityBytes: number
}[] = [
  { manufacturer: 'Samsung', model: 'PM9A3', mediaType: 'SSD', protocol: 'NVMe', capacityBytes: 1_920_383_410_176 },
  { manufacturer: 'KIOXIA', model: 'CD6-R', mediaType: 'SSD', protocol: 'NVMe', capacityBytes: 3_840_755_982_336 },
  { manufacturer: 'Micron', model: '5300 PRO', mediaType: 'SSD', protocol: 'SATA', capacityBytes: 480_103_981_056 },
  { manufacturer: 'Seagate', model: 'Exos 7E8', mediaType: 'HDD', protocol: 'SAS', capacityBytes: 8_001_563_222_016 },
]
