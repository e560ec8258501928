import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startBmc, type Bmc, type BmcOptions } from '../src/bmc.ts'
import type { Hardware } from '../src/hardware.ts'

const SYSTEM = '/redfish/v1/Systems/1'

async function bmc(options: Partial<BmcOptions> = {}): Promise<Bmc> {
  const started = await startBmc({ seed: 'service', ...options })
  onTestFinished(() => started.close())
  return started
}

/** The members of answers that these tests look at. */
interface Body {
  readonly '@odata.id': string
  readonly 'Members@odata.count': number
  readonly 'Members@odata.nextLink'?: string
  readonly Members: readonly unknown[]
  readonly PowerState: string
  readonly error: { readonly code: string }
}

async function read(url: string, init?: RequestInit): Promise<{ status: number; body: Body }> {
  const response = await fetch(url, init)
  return { status: response.status, body: JSON.parse((await response.text()) || 'null') as Body }
}

/** Every link in a resource. */
function linksIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => (key === '@odata.id' ? [String(member)] : linksIn(member)))
}

describe('resources', () => {
  test.for([0, 1, 2, 3, 4, 5])('of server %i: every link leads to one, which knows its own path', async (index) => {
    const { url } = await bmc({ index })
    const seen = new Set<string>(['/redfish/v1'])
    for (const path of seen) {
      const { status, body } = await read(url + path)
      expect(status).toBe(200)
      if (!path.includes('?')) expect(body['@odata.id']).toBe(path)
      for (const link of linksIn(body)) seen.add(link)
      const next = body['Members@odata.nextLink']
      if (next !== undefined) seen.add(next)
    }
    expect(seen.size).toBeGreaterThan(15)
  })

  test('begin at /redfish, and a slash at the end changes nothing', async () => {
    const { url } = await bmc()
    expect((await read(`${url}/redfish`)).body).toEqual({ v1: '/redfish/v1/' })
    expect(await read(`${url}/redfish/v1/`)).toEqual(await read(`${url}/redfish/v1`))
  })

  test('say JSON, and HEAD gives the headers alone', async () => {
    const { url } = await bmc()
    const response = await fetch(`${url}/redfish/v1`, { method: 'HEAD' })
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.text()).toBe('')
  })

  test('that are not there answer 404, and methods that are not possible 405, as Redfish errors', async () => {
    const { url } = await bmc()
    const missing = await read(`${url}/redfish/v1/Nothing`)
    expect(missing).toMatchObject({ status: 404, body: { error: { code: 'Base.1.18.ResourceMissingAtURI' } } })
    for (const method of ['PATCH', 'POST', 'PUT', 'DELETE']) {
      const { status, body } = await read(url + SYSTEM, { method, body: '{}' })
      expect({ status, code: body.error.code }).toEqual({
        status: 405,
        code: 'Base.1.18.OperationNotAllowed',
      })
    }
    expect((await fetch(`${url}/%E0`)).status).toBe(400)
  })
})

describe('paging', () => {
  test('gives every member once, over as many pages as it takes', async () => {
    const { url, hardware } = await bmc({ quirks: { pageSize: 3 } })
    const members: string[] = []
    let pages = 0
    for (let next: string | undefined = `${SYSTEM}/Memory`; next !== undefined; pages++) {
      const { body } = await read(url + next)
      expect(body['Members@odata.count']).toBe(hardware?.dimmSlots.length)
      expect(body.Members.length).toBeLessThanOrEqual(3)
      members.push(...linksIn(body.Members))
      next = body['Members@odata.nextLink']
    }
    expect(members).toEqual(hardware?.dimmSlots.map((_, slot) => `${SYSTEM}/Memory/DIMM${slot + 1}`))
    expect(pages).toBe(Math.ceil(members.length / 3))
  })

  test('takes $skip and $top, and refuses nonsense in them', async () => {
    const { url } = await bmc({ quirks: { pageSize: 0 } })
    const { body } = await read(`${url}${SYSTEM}/Memory?$skip=1&$top=2`)
    expect(linksIn(body.Members)).toEqual([`${SYSTEM}/Memory/DIMM2`, `${SYSTEM}/Memory/DIMM3`])
    expect((await read(`${url}${SYSTEM}/Memory?$skip=-1`)).status).toBe(400)
  })
})

describe('ComputerSystem.Reset', () => {
  async function reset(url: string, body: string): Promise<number> {
    return (await read(`${url}${SYSTEM}/Actions/ComputerSystem.Reset`, { method: 'POST', body })).status
  }
  const powerState = async (url: string) => (await read(url + SYSTEM)).body.PowerState

  test('changes the power state', async () => {
    const { url } = await bmc()
    for (const [type, state] of [
      ['On', 'On'],
      ['GracefulRestart', 'On'],
      ['GracefulShutdown', 'Off'],
      ['On', 'On'],
      ['ForceOff', 'Off'],
    ]) {
      expect(await reset(url, JSON.stringify({ ResetType: type }))).toBe(204)
      expect(await powerState(url)).toBe(state)
    }
  })

  test('cannot restart what is off', async () => {
    const { url } = await bmc()
    await reset(url, '{"ResetType":"ForceOff"}')
    expect(await reset(url, '{"ResetType":"ForceRestart"}')).toBe(409)
    expect(await powerState(url)).toBe('Off')
  })

  test.for(['{"ResetType":"Explode"}', '{"ResetType":"constructor"}', '{"ResetType":1}', 'no JSON', '[]'])(
    'refuses %s',
    async (body) => {
      const { url, hardware } = await bmc()
      expect(await reset(url, body)).toBe(400)
      expect(await powerState(url)).toBe((hardware as Hardware).powerState)
    },
  )

  test('is there for systems alone', async () => {
    const { url } = await bmc()
    const response = await fetch(`${url}/redfish/v1/Systems/2/Actions/ComputerSystem.Reset`, { method: 'POST' })
    expect(response.status).toBe(404)
  })
})

describe('credentials', () => {
  const credentials = { username: 'operator', password: 'pass:word' }
  const basic = (text: string) => ({ headers: { Authorization: `Basic ${Buffer.from(text).toString('base64')}` } })

  test('are asked for everywhere but at the service root', async () => {
    const { url } = await bmc({ credentials })
    expect((await read(`${url}/redfish`)).status).toBe(200)
    expect((await read(`${url}/redfish/v1/`)).status).toBe(200)
    const response = await fetch(`${url}/redfish/v1/Systems`)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="BMC"')
    expect((await read(`${url}/redfish/v1/Nothing`)).status).toBe(401)
    expect((await read(`${url}${SYSTEM}/Actions/ComputerSystem.Reset`, { method: 'POST' })).status).toBe(401)
  })

  test('that are right are let in, and others are not', async () => {
    const { url } = await bmc({ credentials })
    expect((await read(url + SYSTEM, basic('operator:pass:word'))).status).toBe(200)
    expect((await read(url + SYSTEM, basic('operator:wrong'))).status).toBe(401)
  })
})

describe('the fault', () => {
  test('slow delays every answer', async () => {
    const { url } = await bmc({ faults: { slow: 80 } })
    const start = performance.now()
    expect((await read(`${url}/redfish`)).status).toBe(200)
    expect(performance.now() - start).toBeGreaterThanOrEqual(75)
  })

  test('error answers 500 with a Redfish error', async () => {
    const { url } = await bmc({ faults: { error: true } })
    expect(await read(url + SYSTEM)).toMatchObject({
      status: 500,
      body: { error: { code: 'Base.1.18.InternalError' } },
    })
  })

  test('reset breaks the connection in the middle of the answer', async () => {
    const { url } = await bmc({ faults: { reset: true } })
    await expect(fetch(url + SYSTEM).then((response) => response.text())).rejects.toThrow()
  })

  test('truncated cuts the JSON, and not the HTTP answer', async () => {
    const { url } = await bmc({ faults: { truncated: true } })
    const response = await fetch(url + SYSTEM)
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toMatch(/^\{/)
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError)
  })

  test('unauthorized refuses the right credentials', async () => {
    const credentials = { username: 'a', password: 'b' }
    const { url } = await bmc({ credentials, faults: { unauthorized: true } })
    const headers = { Authorization: `Basic ${btoa('a:b')}` }
    expect((await read(url + SYSTEM, { headers })).status).toBe(401)
    expect((await read(`${url}/redfish/v1`)).status).toBe(200)
  })

  test('hang never answers, and counts the request until its client goes', async () => {
    const simulated = await bmc({ faults: { hang: true } })
    const controller = new AbortController()
    const answer = fetch(simulated.url, { signal: controller.signal })
    answer.catch(() => undefined)
    await vi.waitFor(() => expect(simulated).toMatchObject({ requests: 1, activeRequests: 1 }))
    controller.abort()
    await vi.waitFor(() => expect(simulated.activeRequests).toBe(0))
  })

  test('can be switched on and off while it runs', async () => {
    const simulated = await bmc()
    simulated.setFault('error', true)
    expect((await read(simulated.url + SYSTEM)).status).toBe(500)
    simulated.setFault('error', false)
    expect((await read(simulated.url + SYSTEM)).status).toBe(200)
    expect(() => simulated.setFault('slow', NaN)).toThrow(RangeError)
  })
})

test('closing cuts requests that are under way, and twice is harmless', async () => {
  const simulated = await bmc({ faults: { hang: true } })
  const answer = fetch(simulated.url).catch((error: unknown) => error)
  await vi.waitFor(() => expect(simulated.activeRequests).toBe(1))
  await Promise.all([simulated.close(), simulated.close()])
  expect(await answer).toBeInstanceOf(Error)
  await simulated.close()
})
