import type { Connection, PrismaClient } from '@bmdb/core'
import type { TestDatabase } from '@bmdb/testing'
import { onTestFinished } from 'vitest'

/** Long enough that no beat goes out during a test. */
const noBeats = { intervalSeconds: 60 }

/** Starts a session until the test is over. */
export async function session(connection: Connection<PrismaClient>) {
  const started = await connection.startSession(noBeats)
  onTestFinished(() => started.close())
  return started
}

/** A fleet in which there is one of everything that operators look at: six machines are needed. */
export async function busyFleet(
  connection: Connection<PrismaClient>,
  { sql }: TestDatabase,
  machineIds: readonly string[],
) {
  const [stuckOn, heldOn, failedOn, parkedOn, lostOn, lockedOut] = machineIds as [string, ...string[]] & string[]
  const operator = connection.operator('otto')
  const reason = 'a busy day'
  await connection.declareProcess({ process: 'Install', conflictsWith: ['Reboot'], failureDomains: { rack: 5 } })
  await operator.setFailureDomain(stuckOn, 'rack', 'r1', { reason })
  await operator.lockOut(lockedOut!, { reason, seconds: 3_600 })
  await operator.pause('Reboot', { reason })
  await operator.park(parkedOn!, 'Inventory', { reason })
  await sql(`INSERT INTO machine_bmc (machine_id, bmc_address) VALUES ($1::uuid, 'https://bmc.example')`, stuckOn)

  const alive = await session(connection)
  const stuck = await alive.startWork('Install', [stuckOn])
  await stuck!.progress('writing the image', 40, { deadlineSeconds: 60 })
  await sql(`UPDATE work_progress SET progress_deadline = now() - interval '1 minute'`)
  const held = await alive.startWork('Inventory', [heldOn!])
  const failed = await alive.startWork('Inventory', [failedOn!])
  await failed!.fail(new Error('no route to the BMC'), { initialSeconds: 600 })
  const finished = await alive.startWork('Install', [parkedOn!])
  await finished!.finish()

  const expired = await connection.startSession(noBeats)
  await expired.startWork('Inventory', [lostOn!])
  await sql(
    `UPDATE session_leases SET session_deadline = now() - interval '1 minute' WHERE session_id = $1::uuid`,
    expired.id,
  )
  const closed = await connection.startSession(noBeats)
  await closed.close()
  return {
    alive,
    expired,
    closed,
    stuck: stuck!,
    held: held!,
    failedOn: failedOn!,
    parkedOn: parkedOn!,
    lostOn: lostOn!,
  }
}
