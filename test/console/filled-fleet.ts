import { onTestFinished } from 'vitest'
import type { Stage } from './stage.ts'

/** Some of a fleet in which there is something of everything. */
export interface Filled {
  /** A machine that somebody holds, and is stuck on. */
  readonly held: string
  readonly parked: string
  /** A session that holds work. */
  readonly session: string
}

const report = {
  manufacturer: 'Contoso',
  model: '3500',
  serialNumber: '437XR1138R2',
  biosVersion: 'P79 v1.45',
  powerState: 'On',
  health: 'Warning',
  processors: [
    { id: 'CPU1', type: 'CPU', model: 'Multi-Core 7440', cores: 16, threads: 32, speedMHz: 3_700, health: 'OK' },
  ],
  memory: { totalGiB: 96, modules: [{ id: 'DIMM1', type: 'DDR4', sizeGiB: 32, speedMHz: 2_400, health: 'OK' }] },
  drives: [{ id: '1', name: 'Bay 1', mediaType: 'SSD', protocol: 'NVMe', capacityBytes: 4e12, health: 'Warning' }],
  networkInterfaces: [{ id: '1', macAddress: '12:44:6a:3b:04:11', speedMbps: 25_000, linkStatus: 'LinkUp' }],
  firmware: [{ id: 'BMC', name: 'BMC firmware', version: '1.45.455b66-rev4' }],
  warnings: [],
}

const because = (reason: string): { reason: string } => ({ reason })

/** Fills a fleet by what programs and operators really do. */
export async function fillFleet({ connection, sql }: Stage): Promise<Filled> {
  await sql(
    `INSERT INTO machines (machine_created_at)
     SELECT now() - interval '30 days' + n * interval '1 hour' FROM generate_series(1, 40) AS n`,
  )
  const rows = await sql('SELECT machine_id FROM machines ORDER BY machine_created_at')
  const ids = rows.map((row) => String(row['machine_id']))
  await sql(`INSERT INTO machine_bmc SELECT machine_id, 'https://10.7.0.' || row_number() OVER () FROM machines`)
  await sql(
    `INSERT INTO machine_failure_domains SELECT machine_id, 'rack', 'r' || (row_number() OVER ()) % 4 FROM machines`,
  )
  await connection.declareProcess({
    process: 'HardwareInventory',
    where: { bmc: { isNot: null }, hardwareReport: null },
    conflictsWith: ['FirmwareUpdate'],
  })
  await connection.declareProcess({
    process: 'FirmwareUpdate',
    conflictsWith: ['HardwareInventory'],
    failureDomains: { rack: 2 },
  })
  await connection.declareProcess({ process: 'BurnIn' })
  const session = await connection.startSession({ intervalSeconds: 600 })
  const doer = await connection.startSession({ intervalSeconds: 60 })
  onTestFinished(() => session.close().catch(() => {}))
  const ann = connection.operator('ann')
  for (const [index, id] of ids.slice(0, 12).entries()) {
    const work = (await doer.startWork('HardwareInventory', [id]))!
    if (index % 4 === 3) {
      await work.fail(new Error(`GET https://10.7.0.${index}/redfish/v1/Systems: no answer within 10 s`), {
        initialSeconds: 900,
      })
    } else {
      await work.finish((tx) => tx.hardwareReport.create({ data: { machineId: id, report } }))
    }
  }
  const [held, other, third, parked, retired, lockedOut] = ids.slice(20) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const stuck = (await session.startWork('FirmwareUpdate', [held]))!
  await stuck.progress('flashing the BMC', 40, { deadlineSeconds: 1 })
  await (await session.startWork('FirmwareUpdate', [other]))!.progress('uploading', 85)
  await session.startWork('BurnIn', [third])
  await ann.park(parked, 'HardwareInventory', because('its BMC answers with somebody else’s data'))
  await ann.retire(retired, because('sold'))
  await ann.lockOut(lockedOut, { reason: 'new fans', seconds: 7_200 })
  await ann.pause('BurnIn', because('the power budget of the hall is used up'))
  const dead = await connection.startSession({ intervalSeconds: 60 })
  await dead.startWork('HardwareInventory', [ids[30]!])
  await sql(`UPDATE session_leases SET session_deadline = now() - interval '20 s' WHERE session_id = $1`, [dead.id])
  await doer.close()
  return { held, parked, session: session.id }
}
