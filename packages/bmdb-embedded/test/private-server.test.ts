import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expect, it } from 'vitest'
import { startPrivateServer } from '../src/index.ts'
import { packageDirectory } from './support/programs.ts'
import { answers, query } from './support/query.ts'

it('stops, starts and dies as it is told, under one URL and with its data', async () => {
  const server = await startPrivateServer()
  await query(server.url, 'CREATE TABLE kept (id INT4); INSERT INTO kept VALUES (0)')
  let count = 0
  for (const end of [server.stop, () => server.stop('immediate'), server.kill]) {
    await end()
    expect(await answers(server.url)).toBe(false)
    await server.start()
    await server.start()
    expect(await query(server.url, `UPDATE kept SET id = id + 1 RETURNING id`)).toEqual([{ id: ++count }])
  }
  await server.restart()
  expect(await answers(server.url)).toBe(true)
  await server.close()
  await server.close()
  expect(await answers(server.url)).toBe(false)
  await expect(access(dirname(server.directory))).rejects.toMatchObject({ code: 'ENOENT' })
})

it('is removed by the next one if the program that started it was killed', async () => {
  const script = `
    const { startPrivateServer } = await import('@bmdb/embedded')
    const { url, directory } = await startPrivateServer({ durable: false })
    process.send({ url, directory })
    setInterval(() => undefined, 1000)`
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--conditions=@bmdb/source', '--input-type=module', '-e', script],
    { cwd: packageDirectory, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  const [leftover] = (await once(child, 'message')) as [{ url: string; directory: string }]
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  expect(await answers(leftover.url)).toBe(true)
  const server = await startPrivateServer({ durable: false })
  expect(await answers(leftover.url)).toBe(false)
  await expect(access(leftover.directory)).rejects.toMatchObject({ code: 'ENOENT' })
  await server.close()
})
