import { describe, expect, test } from 'vitest'
import { forgetOutcomes, stage, statements, type Stage, type Tx } from './setup.ts'

/** A COMMIT that takes a second, whose connection breaks meanwhile: the server goes on with it. */
async function slowCommits(on: Stage): Promise<void> {
  await on.client.query(
    `CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$`,
  )
  await on.client.query(
    `CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON machine_bmc DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION slowly()`,
  )
}

const underWay = { do: 'cut', when: 'during' } as const

describe('promise 5: verify is asked only when nothing of the attempt is under way any more', () => {
  for (const by of ['session.transact', 'work.transact'] as const)
    test(`${by}: a COMMIT that goes on after its connection broke is waited for, and seen`, async () => {
      const on = await stage()
      const { id } = await on.connection.prisma.machine.create({ data: {} })
      await slowCommits(on)
      await forgetOutcomes(on)
      const work = (await on.session.startWork('P', [id]))!
      const holder = by === 'session.transact' ? on.session : work
      let attempts = 0
      let looks = 0
      const struck = on.proxy.next(statements.commit, underWay)
      const result = await holder.transact(
        async (tx, { attempt }) => {
          attempts += 1
          await tx.bmc.create({ data: { machineId: id, address: 'x' } })
          return attempt
        },
        {
          verify: async (tx: Tx) => {
            looks += 1
            return (await tx.bmc.count()) === 1
          },
        },
      )
      await struck
      expect({ result, attempts, looks }).toEqual({ result: 1, attempts: 1, looks: 1 })
    })
})
