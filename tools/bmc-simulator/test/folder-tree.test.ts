import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startBmc } from '../src/bmc.ts'

/** A folder that holds `tree`, and beside it a secret that is in none. */
async function folder(): Promise<{ tree: string; secret: string }> {
  const base = await mkdtemp(path.join(tmpdir(), 'bmc-simulator-'))
  onTestFinished(() => rm(base, { recursive: true }))
  const write = async (name: string, content: unknown) => {
    const directory = path.join(base, name)
    await mkdir(directory, { recursive: true })
    await writeFile(path.join(directory, 'index.json'), JSON.stringify(content))
  }
  await write('tree', { '@odata.id': '/redfish/v1/' })
  await write('tree/Systems', { Members: [{ '@odata.id': '/redfish/v1/Systems/1' }] })
  await write('tree/Systems/1', { Id: '1', PowerState: 'On' })
  await write('secret', { secret: true })
  return { tree: path.join(base, 'tree'), secret: path.join(base, 'secret') }
}

async function bmc(tree: string): Promise<string> {
  const started = await startBmc({ seed: 'unused', tree, index: 2 })
  onTestFinished(() => started.close())
  expect(started.hardware).toBeNull()
  return started.url
}

/** A GET of exactly this path, which `fetch` would tidy up. */
function get(url: string, rawPath: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { path: rawPath }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
      .on('error', reject)
      .end()
  })
}

test('a resource of a folder is its index.json', async () => {
  const { tree } = await folder()
  const url = await bmc(tree)
  for (const [resource, content] of [
    ['/redfish', { v1: '/redfish/v1/' }],
    ['/redfish/v1/', { '@odata.id': '/redfish/v1/' }],
    ['/redfish/v1/Systems', { Members: [{ '@odata.id': '/redfish/v1/Systems/1' }] }],
    ['/redfish/v1/Systems/1/', { Id: '1', PowerState: 'On' }],
  ] as const) {
    const { status, body } = await get(url, resource)
    expect({ status, body: JSON.parse(body) as unknown }).toEqual({ status: 200, body: content })
  }
  expect((await get(url, '/redfish/v1/Systems/2')).status).toBe(404)
})

test('a system of a folder can be reset, and the folder stays as it is', async () => {
  const { tree } = await folder()
  const url = await bmc(tree)
  const target = `${url}/redfish/v1/Systems/1/Actions/ComputerSystem.Reset`
  expect((await fetch(target, { method: 'POST', body: '{"ResetType":"ForceOff"}' })).status).toBe(204)
  expect((await get(url, '/redfish/v1/Systems/1')).body).toContain('"Off"')
  expect((await get(await bmc(tree), '/redfish/v1/Systems/1')).body).toContain('"On"')
})

test('nothing outside the folder is served', async () => {
  const { tree, secret } = await folder()
  await symlink(secret, path.join(tree, 'link'))
  const url = await bmc(tree)
  for (const attempt of [
    '/redfish/v1/../secret',
    '/redfish/v1/Systems/../../secret',
    '/redfish/v1/%2e%2e/secret',
    '/redfish/v1/..%2fsecret',
    '/redfish/v1/..%5csecret',
    '/redfish/v1//../secret',
    '/redfish/v1/link',
    '/redfish/v1/./Systems',
    '/redfish/v1/Systems%00',
    `/redfish/v1/${'a'.repeat(4000)}`,
    `/redfish/v1${secret}`,
    '/redfish/v1/Systems/index.json',
    '/secret',
    '/redfish/v2/Systems',
    '/',
  ]) {
    const { status, body } = await get(url, attempt)
    expect({ attempt, status }).toEqual({ attempt, status: 404 })
    expect(body).not.toContain('secret": true')
  }
})

test('a file that is no JSON is an error of the service', async () => {
  const { tree } = await folder()
  await writeFile(path.join(tree, 'Systems', 'index.json'), '{')
  expect((await get(await bmc(tree), '/redfish/v1/Systems')).status).toBe(500)
})

test('a folder without a service root is refused', async () => {
  const { tree } = await folder()
  const empty = path.join(tree, 'nothing')
  await expect(startBmc({ seed: 'x', tree: empty })).rejects.toThrow(`no Redfish tree in ${empty}`)
})
