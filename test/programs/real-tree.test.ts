import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../setup.ts'
import { emptyFleet } from './fleet.ts'

const tree = join(root, '../shared/redfish/public-rackmount1')

test(
  'a worker writes down what the DMTF’s rack mount server public-rackmount1 is made of',
  { timeout: 30_000 },
  async ({ skip }) => {
    if (!existsSync(tree)) skip('the DMTF’s mockup is not at ../shared/redfish/public-rackmount1')
    const fleet = await emptyFleet()
    const { id } = await fleet.addMachine({ tree, faults: {} })
    await fleet.startWorker()
    await fleet.happened(id, 'Finished')
    const report = await fleet.report(id)
    expect(report).toMatchObject({ manufacturer: 'Contoso', model: '3500', serialNumber: '437XR1138R2' })
    expect(report).toMatchObject({
      processors: [{ type: 'CPU' }, { type: 'FPGA' }],
      memory: { totalGiB: 96 },
    })
    const { memory, drives } = report as unknown as {
      memory: { modules: { sizeGiB: number }[] }
      drives: { capacityBytes: number; health: string }[]
    }
    expect(memory.modules.map((module) => module.sizeGiB)).toEqual([32, 32, 32])
    expect(drives.map(({ capacityBytes, health }) => ({ tb: Math.round(capacityBytes / 1e12), health }))).toEqual([
      { tb: 8, health: 'OK' },
      { tb: 4, health: 'Warning' },
    ])
  },
)
