import { test } from 'vitest'
import { eventually, testMachines } from './work-setup.ts'

const because = { reason: 'a test' }

test('a wake-up reaches whoever listens, and what operators allow sends one', async () => {
  const { connection, database } = await testMachines(1)
  const other = await database.open()
  let woken = 0
  const stop = other.onWakeUp(() => (woken += 1))
  await eventually('it listens', () => woken === 1)
  connection.wakeUp()
  await eventually('it was woken', () => woken === 2)
  await connection.operator('ann').addMachine(because)
  await eventually('it was woken again', () => woken === 3)
  stop()
  stop()
})

test('an operator whose connection is closed at once has still woken whoever listens', async () => {
  const { connection, database } = await testMachines(0)
  let woken = 0
  connection.onWakeUp(() => (woken += 1))
  await eventually('it listens', () => woken === 1)
  const other = await database.open()
  await other.operator('ann').addMachine(because)
  await other.close()
  await eventually('it was woken', () => woken === 2)
})

test('many that come together are one', async () => {
  const { connection } = await testMachines(0)
  let woken = 0
  connection.onWakeUp(() => (woken += 1))
  await eventually('it listens', () => woken === 1)
  for (let n = 0; n < 100; n++) connection.wakeUp()
  await eventually('it was woken', () => woken === 2)
  connection.wakeUp()
  await eventually('it was woken again', () => woken === 3)
})

test('a listener whose connection is cut listens again', async () => {
  const { connection, database } = await testMachines(0)
  let woken = 0
  connection.onWakeUp(() => (woken += 1))
  await eventually('it listens', () => woken === 1)
  await database.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'bmdb wake-ups' AND datname = current_database()`,
  )
  await eventually('it listens again, and looks at once', () => woken === 2)
  connection.wakeUp()
  await eventually('it was woken', () => woken === 3)
})

test('after close nothing is sent, and nobody listens', async () => {
  const { connection, database } = await testMachines(0)
  let woken = 0
  connection.onWakeUp(() => (woken += 1))
  await eventually('it listens', () => woken === 1)
  await connection.close()
  connection.wakeUp()
  await eventually('no connection is left', async () => {
    const rows = await database.sql(
      `SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'bmdb%' AND datname = current_database()`,
    )
    return rows.length === 0
  })
})
