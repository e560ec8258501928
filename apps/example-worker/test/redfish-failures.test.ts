import { startBmc, type BmcOptions, type FaultName } from '@bmdb/bmc-simulator'
import { createServer as createTlsServer } from 'node:tls'
import { connect, type AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { connectionFailure } from '../src/redfish/connection-failure.ts'
import { RedfishError, type RedfishErrorCode } from '../src/redfish/error.ts'
import type { ReadOptions } from '../src/redfish/read-bmc.ts'
import { readHardware } from '../src/redfish/read-hardware.ts'
import { SELF_SIGNED } from './self-signed.ts'
import { collection, oneSystem, reference, serveResources, type Served } from './serve-resources.ts'

const USERNAME = 'operator'
const PASSWORD = 'correct horse'

async function bmc(options: Partial<BmcOptions> = {}) {
  const started = await startBmc({ seed: 'failures', ...options })
  onTestFinished(() => started.close())
  return started
}

/** The error that a read ends with. */
async function failure(url: string, options: ReadOptions = {}): Promise<RedfishError> {
  const error: unknown = await readHardware(url, options).then(
    () => expect.fail('the read has succeeded'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(RedfishError)
  return error as RedfishError
}

async function expectFailure(url: string, code: RedfishErrorCode, message: string, options?: ReadOptions) {
  expect(await failure(url, options)).toMatchObject({ code, message: `${url}: ${message}` })
}

describe('a BMC with a fault', () => {
  test.for<[FaultName, RedfishErrorCode, string]>([
    ['error', 'ERR_REDFISH_STATUS', '500 Internal Server Error for /redfish/v1/'],
    [
      'unauthorized',
      'ERR_REDFISH_UNAUTHORIZED',
      '401 Unauthorized for /redfish/v1/Systems: wrong user name or password',
    ],
    ['hang', 'ERR_REDFISH_TIMEOUT', 'timed out after 0.2 s for /redfish/v1/'],
    [
      'reset',
      'ERR_REDFISH_CONNECTION_LOST',
      'the connection was lost before the end of the answer (ECONNRESET) for /redfish/v1/',
    ],
  ])('%s fails the read with %s', async ([fault, code, message]) => {
    const { url } = await bmc({ faults: { [fault]: true } })
    const credentials = { username: USERNAME, password: PASSWORD }
    await expectFailure(url, code, message, { ...credentials, requestTimeoutMs: fault === 'hang' ? 200 : 10_000 })
  })

  test('truncated fails the read and says what came instead of JSON', async () => {
    const { url } = await bmc({ faults: { truncated: true } })
    const error = await failure(url)
    expect(error.code).toBe('ERR_REDFISH_INVALID_ANSWER')
    expect(error.message).toMatch(/an answer of \d+ bytes \(application\/json\) that is no JSON, or was cut off, for /)
  })

  test('slow is read all the same, within the time limits', async () => {
    const { url, hardware } = await bmc({ faults: { slow: 20 } })
    expect(await readHardware(url)).toMatchObject({ serialNumber: hardware?.serialNumber })
  })

  test('slow fails the read when one answer takes too long', async () => {
    const { url } = await bmc({ faults: { slow: 5000 } })
    await expectFailure(url, 'ERR_REDFISH_TIMEOUT', 'timed out after 0.1 s for /redfish/v1/', { requestTimeoutMs: 100 })
  })

  test('slow fails the read when all answers together take too long', async () => {
    const simulated = await bmc({ faults: { slow: 60 } })
    const message = 'timed out: the whole read took longer than 0.15 s'
    await expectFailure(simulated.url, 'ERR_REDFISH_TIMEOUT', message, { timeoutMs: 150 })
    await vi.waitFor(() => expect(simulated.activeRequests).toBe(0))
  })
})

test('a BMC is read with its user name and password, and not with others', async () => {
  const { url, hardware } = await bmc({ credentials: { username: USERNAME, password: PASSWORD } })
  const report = await readHardware(url, { username: USERNAME, password: PASSWORD })
  expect(report.serialNumber).toBe(hardware?.serialNumber)
  const message = '401 Unauthorized for /redfish/v1/Systems: '
  await expectFailure(url, 'ERR_REDFISH_UNAUTHORIZED', `${message}it asks for a user name and password`)
  await expectFailure(url, 'ERR_REDFISH_UNAUTHORIZED', `${message}wrong user name or password`, {
    username: USERNAME,
    password: 'wrong',
  })
})

test('nothing listening is "connection refused"', async () => {
  const simulated = await bmc()
  await simulated.close()
  await expectFailure(simulated.url, 'ERR_REDFISH_UNREACHABLE', 'connection refused for /redfish/v1/')
})

test('a host that does not exist is "no such host"', () => {
  // Without a socket: how long a name server takes to say so is not for a test to wait for.
  const failure = connectionFailure(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }))
  expect(failure).toMatchObject({ code: 'ERR_REDFISH_UNREACHABLE', what: 'no such host' })
})

describe('TLS', () => {
  /** A BMC behind TLS with a certificate that nobody has signed. */
  async function tlsBmc() {
    const { port, hardware } = await bmc()
    const server = createTlsServer(SELF_SIGNED, (socket) => {
      const plain = connect(port, '127.0.0.1')
      socket.on('error', () => plain.destroy()).on('close', () => plain.destroy())
      plain.on('error', () => socket.destroy())
      socket.pipe(plain).pipe(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, hardware }
  }

  test('a certificate that is not trusted is refused, with the way out', async () => {
    const { url } = await tlsBmc()
    const message =
      'the TLS certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT) for /redfish/v1/: ' +
      'set the insecure setting if you accept that'
    await expectFailure(url, 'ERR_REDFISH_TLS', message)
  })

  test('a certificate that is not trusted is taken where that is asked for', async () => {
    const { url, hardware } = await tlsBmc()
    expect(await readHardware(url, { insecureTls: true })).toMatchObject({ serialNumber: hardware?.serialNumber })
  })

  test('https:// to a BMC without TLS says so', async () => {
    const { port } = await bmc()
    const error = await failure(`https://127.0.0.1:${port}`)
    expect(error.code).toBe('ERR_REDFISH_TLS')
    expect(error.message).toContain('is this an http:// address?')
  })
})

describe('an address', () => {
  test.for(['', '/'])('may end with %j after the port', async (end) => {
    const { url, hardware } = await bmc()
    expect(await readHardware(url + end)).toMatchObject({ model: hardware?.model })
  })

  test.for(['', 'bmc7', 'ftp://bmc7', 'http://', 'http://bmc7:99999', 'https://bmc7/redfish/v1', 'https://bmc7?x'])(
    'that is none is refused before anything is sent: %j',
    async (address) => {
      expect(await failure(address)).toMatchObject({ code: 'ERR_REDFISH_ARGUMENT', resource: null })
    },
  )

  test.for([`https://root:${PASSWORD}@bmc7`, `root:${PASSWORD}@bmc7`, `http://root:${PASSWORD}@bmc7:99999`])(
    'with a password in it is refused, and the password not repeated',
    async (address) => {
      const error = await failure(address)
      expect(error.code).toBe('ERR_REDFISH_ARGUMENT')
      expect(inspect(error)).not.toContain(PASSWORD)
    },
  )
})

test.for<[ReadOptions, string]>([
  [{ timeoutMs: 0 }, 'timeoutMs'],
  [{ requestTimeoutMs: NaN }, 'requestTimeoutMs'],
  [{ password: PASSWORD }, 'a password needs a user name'],
  [{ username: 'a:b', password: PASSWORD }, 'colon'],
])('the options %j are refused before anything is sent', async ([options, word]) => {
  const simulated = await bmc()
  const error = await failure(simulated.url, options)
  expect(error.code).toBe('ERR_REDFISH_ARGUMENT')
  expect(error.message).toContain(word)
  expect(simulated.requests).toBe(0)
})

describe('links and redirects', () => {
  test.for(['http://127.0.0.1:9/redfish/v1/Systems/2', '//localhost/x', 'https://127.0.0.1/x', 'file:///etc/passwd'])(
    'to another host are refused, and nothing is sent there: %s',
    async (link) => {
      const { url } = await serveResources(oneSystem({}, { '/redfish/v1/Systems': collection(link) }))
      const error = await failure(url, { username: USERNAME, password: PASSWORD })
      expect(error.code).toBe('ERR_REDFISH_FOREIGN_LINK')
      expect(error.message).toBe(
        `${url}: a link to another host is not followed for ${link}: credentials for this BMC go nowhere else`,
      )
    },
  )

  test('that look like this host and are another one never get the credentials', async () => {
    const other = await serveResources({})
    const port = new URL(other.url).port
    for (const link of [`http://localhost:${port}/x`, `//127.0.0.1:${port}/x`, `\\\\127.0.0.1:${port}\\x`]) {
      const { url } = await serveResources(oneSystem({}, { '/redfish/v1/Systems': collection(link) }))
      expect((await failure(url, { username: USERNAME, password: PASSWORD })).code).toBe('ERR_REDFISH_FOREIGN_LINK')
    }
    expect(other.paths).toEqual([])
  })

  test.for(['/x'.repeat(2000), 'http://'])(
    'that lead nowhere fail the read, and are shown in part: %#',
    async (link) => {
      const { url } = await serveResources(oneSystem({}, { '/redfish/v1/Systems': collection(`\n${link}`) }))
      const message = `a link that leads nowhere for ${link.slice(0, 200)}`
      await expectFailure(url, 'ERR_REDFISH_INVALID_ANSWER', message)
    },
  )

  test('by their full URL on the same host are followed', async () => {
    const resources: Record<string, Served> = oneSystem({ Model: 'M' })
    const { url } = await serveResources(resources)
    resources['/redfish/v1/Systems'] = collection(`${url}/redfish/v1/Systems/1`)
    expect(await readHardware(url)).toMatchObject({ model: 'M' })
  })

  function redirect(location: string): Served {
    return (_, response) => void response.writeHead(308, { Location: location }).end()
  }

  test('a redirect on the same host is followed', async () => {
    const { url } = await serveResources({
      ...oneSystem({ Model: 'M' }, { '/redfish/v1/Systems': redirect('Systems/') }),
      '/redfish/v1/Systems/': collection('/redfish/v1/Systems/1'),
    })
    expect(await readHardware(url)).toMatchObject({ model: 'M' })
  })

  test('a redirect to another host is refused, and nothing is sent there', async () => {
    const other = await serveResources({})
    const { url } = await serveResources({ '/redfish/v1/': redirect(`${other.url}/redfish/v1/`) })
    const error = await failure(url, { username: USERNAME, password: PASSWORD })
    expect(error.code).toBe('ERR_REDFISH_FOREIGN_LINK')
    expect(other.paths).toEqual([])
  })

  test('redirects in a circle end', async () => {
    const { url, paths } = await serveResources({ '/redfish/v1/': redirect('/redfish/v1/') })
    await expectFailure(url, 'ERR_REDFISH_STATUS', '308 Permanent Redirect for /redfish/v1/')
    expect(paths).toHaveLength(4)
  })
})

describe('an answer that is not what Redfish prescribes', () => {
  const answers: Record<string, [Served, string]> = {
    'a web page': [
      (_, response) => void response.setHeader('Content-Type', 'text/html').end('<p>login</p>'),
      'an answer of 12 bytes (text/html) that is no JSON, or was cut off, for /redfish/v1/',
    ],
    'JSON of another shape': [[1, 2], 'an answer that is JSON, but no Redfish resource, for /redfish/v1/'],
    'no systems': [{}, 'the service has no system that is present (no link to systems)'],
    'more than 4 MiB': [
      (_, response) => void response.end(`{"a":"${'x'.repeat(4 * 1024 * 1024)}"}`),
      'an answer larger than 4 MiB for /redfish/v1/',
    ],
  }
  test.for(Object.entries(answers))('fails the read: %s', async ([, [served, message]]) => {
    const { url } = await serveResources({ '/redfish/v1/': served })
    await expectFailure(url, 'ERR_REDFISH_INVALID_ANSWER', message)
  })

  test('fails the read: no Redfish service at all', async () => {
    const { url } = await serveResources({})
    const message = '404 Not Found for /redfish/v1/: is this a Redfish service?'
    await expectFailure(url, 'ERR_REDFISH_NOT_FOUND', message)
  })

  test('fails the read: Members that are no list', async () => {
    const { url } = await serveResources(oneSystem({ Processors: reference('/p') }, { '/p': { Members: 'none' } }))
    await expectFailure(url, 'ERR_REDFISH_INVALID_ANSWER', 'Members that are no list for /p')
  })

  test('fails the read: pages that go round in circles', async () => {
    const page = (next: string) => ({ Members: [], 'Members@odata.nextLink': next })
    const { url } = await serveResources(
      oneSystem({ Memory: reference('/m') }, { '/m': page('/m?2'), '/m?2': page('/m') }),
    )
    await expectFailure(url, 'ERR_REDFISH_INVALID_ANSWER', 'pages that go round in circles for /m')
  })

  test('fails the read: more pages than any machine needs', async () => {
    const page = (number: number) => ({ 'Members@odata.nextLink': number < 200 ? `/m${number + 1}` : null })
    const pages = Object.fromEntries(Array.from({ length: 201 }, (_, number) => [`/m${number}`, page(number)]))
    const { url } = await serveResources(oneSystem({ Memory: reference('/m0') }, pages))
    await expectFailure(url, 'ERR_REDFISH_INVALID_ANSWER', 'more than 200 pages for /m0')
  })

  test('fails the read: more members than any machine has', async () => {
    const members = Array.from({ length: 2001 }, (_, number) => `/m/${number}`)
    const { url } = await serveResources(oneSystem({ Memory: reference('/m') }, { '/m': collection(...members) }))
    await expectFailure(url, 'ERR_REDFISH_INVALID_ANSWER', 'more than 2000 members for /m')
  })
})

test.for([401, 403, 500, 503])('a member that answers %i fails the read, and stops the rest of it', async (status) => {
  const links = Array.from({ length: 50 }, (_, number) => `/p/${number}`)
  const hanging = Object.fromEntries(links.map((link): [string, Served] => [link, () => undefined]))
  const served = await serveResources(
    oneSystem(
      { Processors: reference('/p') },
      { '/p': collection(...links), ...hanging, '/p/2': (_, response) => void response.writeHead(status).end() },
    ),
  )
  const error = await failure(served.url)
  expect(error).toMatchObject({ resource: '/p/2', message: expect.stringContaining(`${status} `) as string })
  await vi.waitFor(() => expect(served.active).toBe(0))
  expect(served.paths.filter((path) => path.startsWith('/p/')).length).toBeLessThan(6)
})

test('no more than four requests run at a time, and they share connections', async () => {
  const links = Array.from({ length: 40 }, (_, number) => `/p/${number}`)
  const slow: Served = (_, response) => void setTimeout(() => response.end('{}'), 5)
  const resources = oneSystem({ Processors: reference('/p') }, { '/p': collection(...links) })
  for (const link of links) resources[link] = slow
  const served = await serveResources(resources)
  expect((await readHardware(served.url)).processors).toHaveLength(40)
  expect(served.mostActive).toBe(4)
  expect(served.connections).toBeLessThanOrEqual(4)
})

test('a connection that the BMC closed while it was idle is replaced without a word', async () => {
  let cut = false
  const resources = oneSystem({ Model: 'M' })
  const { url, paths } = await serveResources({
    ...resources,
    '/redfish/v1/Systems': (request, response) => {
      if (cut) response.end(JSON.stringify(resources['/redfish/v1/Systems']))
      else request.socket.destroy()
      cut = true
    },
  })
  expect(await readHardware(url)).toMatchObject({ model: 'M' })
  expect(paths.filter((path) => path === '/redfish/v1/Systems')).toHaveLength(2)
})

describe('an aborted signal', () => {
  test('in the middle of a read rejects with its own reason, and leaves no request running', async () => {
    const simulated = await bmc({ faults: { slow: 30 } })
    const controller = new AbortController()
    const reason = new Error('the work was lost')
    const read = readHardware(simulated.url, { signal: controller.signal }).catch((error: unknown) => error)
    // Past the service root and the systems, so that several requests are under way.
    await vi.waitFor(() => expect(simulated.activeRequests).toBe(4), { interval: 2 })
    simulated.setFault('hang', true)
    controller.abort(reason)
    expect(await read).toBe(reason)
    await vi.waitFor(() => expect(simulated.activeRequests).toBe(0))
    const { requests } = simulated
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(simulated.requests).toBe(requests)
  })

  test('before a read rejects with its own reason, and nothing is sent', async () => {
    const simulated = await bmc()
    const reason = { any: 'value' }
    await expect(readHardware(simulated.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(simulated.requests).toBe(0)
  })
})

test('neither password nor credentials as sent are in any error, its cause or its inspection', async () => {
  const sent = Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')
  const echo: Served = (request, response) => {
    const { authorization } = request.headers
    response.writeHead(500, authorization, { 'Content-Type': authorization, 'X-Echo': authorization })
    response.end(`${authorization} ${PASSWORD}`)
  }
  const echoAsJson: Served = (request, response) => void response.end(`${request.headers.authorization} ${PASSWORD}`)
  const noHttp: Served = (request) => void request.socket.end(`${PASSWORD} ${request.headers.authorization}\r\n\r\n`)
  const failures: RedfishError[] = []
  for (const served of [echo, echoAsJson, noHttp]) {
    const { url } = await serveResources({ '/redfish/v1/': served })
    failures.push(await failure(url, { username: USERNAME, password: PASSWORD }))
  }
  for (const fault of ['error', 'reset', 'truncated', 'unauthorized', 'hang'] as const) {
    const { url } = await bmc({ faults: { [fault]: true } })
    failures.push(await failure(url, { username: USERNAME, password: PASSWORD, requestTimeoutMs: 100 }))
  }
  for (const error of failures) {
    const everything = inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error) + String(error.stack)
    expect(everything).not.toContain(PASSWORD)
    expect(everything).not.toContain(sent)
    // As in the inspection of a buffer with what was received.
    expect(everything).not.toContain([...Buffer.from(PASSWORD)].map((byte) => byte.toString(16)).join(' '))
  }
})
