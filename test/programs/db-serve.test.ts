import { Client } from 'pg'
import { expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { PrivateWorkspace } from './private-workspace.ts'
import { startProgram } from './program.ts'

test('db:serve runs until it is stopped, and the database with it', { timeout: 60_000 }, async () => {
  const workspace = new PrivateWorkspace()
  const serve = startProgram('db:serve', [], { cwd: workspace.directory })
  const url = await eventually('its URL', () => /^postgresql:\S+$/m.exec(serve.stdout)?.[0], 30_000)
  const client = new Client({ connectionString: url })
  await client.connect()
  // It has nothing to do but wait.
  await client.query('SELECT pg_sleep(1)')
  await client.end()
  expect(workspace.running()).toBe(true)
  serve.signal('SIGTERM')
  expect(await serve.endsWithin(20_000)).toMatchObject({ code: 0 })
  expect(workspace.running()).toBe(false)
})
