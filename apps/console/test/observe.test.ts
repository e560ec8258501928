import { once } from 'node:events'
import { request } from 'node:http'
import { expect, test } from 'vitest'
import { annsToken, bobsToken, cookieOf, logIn, startConsole, writeTokens } from './setup.ts'

test('requests are counted by route, never by what was asked for, and acts by what came of them', async () => {
  const { get, post, registry } = await startConsole(['--role=operator'])
  const csrf = { 'X-BMDB-CSRF': String((await get('/api/v1/me')).json()['csrfToken']) }
  const act = (path: string, body: object) => post(`/api/v1/${path}`, csrf, JSON.stringify({ reason: 'x', ...body }))
  const { machineId } = (await act('machines/add', {})).json()
  await act('machines/end-lock-out', { machineId })
  await act('machines/retire', { machineId: '0f8fad5b-d9cb-469f-a165-70867728950e' })
  await act('backoffs/clear-matching', { filter: {} })
  await act('backoffs/clear-matching', { filter: {}, dryRun: true })
  await get(`/api/v1/machines/${String(machineId)}`)
  await get('/nowhere/at/all')
  await expect.poll(() => registry.metrics()).toContain('route="/api/v1/machines/:id"')
  const metrics = await registry.metrics()
  for (const line of [
    'bmdb_console_requests_total{route="/api/v1/machines/:id",method="GET",status="200"} 1',
    'bmdb_console_requests_total{route="/api/v1/me",method="GET",status="200"} 1',
    'bmdb_console_request_duration_seconds_count{route="/api/v1/me"} 1',
    'bmdb_console_acts_total{action="machines/add",result="done"} 1',
    'bmdb_console_acts_total{action="machines/end-lock-out",result="nothing"} 1',
    'bmdb_console_acts_total{action="machines/retire",result="refused"} 1',
    'bmdb_console_acts_total{action="backoffs/clear-matching",result="nothing"} 1',
    'bmdb_console_acts_total{action="work/release",result="failed"} 0',
  ])
    expect(metrics).toContain(line)
  expect(metrics).not.toContain(String(machineId))
  expect(metrics).not.toContain('nowhere')
})

test('streams of events that are open are counted', async () => {
  const { url, registry } = await startConsole()
  const streams = async () => /^bmdb_console_event_streams (\d+)/m.exec(await registry.metrics())?.[1]
  const stream = request(`${url}/api/v1/events`)
  stream.on('error', () => {})
  stream.end()
  await once(stream, 'response')
  expect(await streams()).toBe('1')
  stream.destroy()
  await expect.poll(streams).toBe('0')
  expect(await registry.metrics()).not.toContain('duration_seconds_count{route="/api/v1/events"}')
})

test('neither tokens nor cookies nor the password of the database are told anywhere', async () => {
  const path = await writeTokens(`ann operator ${annsToken}\nbob viewer ${bobsToken}\n`)
  const console = await startConsole(['--auth=token', `--tokens-file=${path}`])
  const { get, post, lines, database, registry } = console
  const answer = await logIn(console, annsToken)
  const cookie = cookieOf(answer)
  const me = await get('/api/v1/me', { Cookie: cookie })
  const csrf = String(me.json()['csrfToken'])
  const wrong = 'wrong-0123456789-0123456789'
  const told = [
    await logIn(console, wrong),
    await get(`/login?next=/&token=${annsToken}`),
    await get(`/machines?token=${annsToken}`, { Cookie: cookie, Accept: 'text/html' }),
    await get(`/api/v1/machines?search=${annsToken}`, { Authorization: `Bearer ${annsToken}` }),
    await get('/api/v1/me', { Authorization: `Bearer ${wrong}` }),
    await get('/api/v1/machines?limit=none', { Cookie: cookie }),
    await post('/api/v1/machines/add', { Cookie: cookie, 'X-BMDB-CSRF': csrf }, '{"reason":"x"}'),
    await post('/api/v1/machines/add', { Cookie: cookie, 'X-BMDB-CSRF': `${csrf}x` }, '{"reason":"x"}'),
    await post('/api/v1/machines/add', { Cookie: cookie, 'X-BMDB-CSRF': csrf }, '{"reason":'),
  ]
  await expect.poll(() => lines.text).toContain('"path":"/api/v1/machines"')
  const all = [lines.text, await registry.metrics(), ...told.map(({ text, headers }) => text + JSON.stringify(headers))]
  const secrets = [
    annsToken,
    bobsToken,
    wrong,
    cookie.split('=')[1]!,
    csrf,
    database.url,
    new URL(database.url).password,
  ]
  for (const secret of secrets.filter((one) => one !== '')) for (const text of all) expect(text).not.toContain(secret)
  // It does tell who asked for what.
  const [line] = lines.text.split('\n').filter((one) => one.includes('"path":"/api/v1/me"'))
  expect(JSON.parse(line!)).toMatchObject({
    level: 'debug',
    message: 'request',
    method: 'GET',
    status: 200,
    who: 'ann',
  })
})
