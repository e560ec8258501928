import { readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import type { Resource, ResourceSource } from './resource.ts'

const ROOT = '/redfish/v1'
/** What the file system says where there is no such resource. */
const NOT_THERE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'])

/**
 * Serves a Redfish tree from a folder: `/redfish/v1/Systems/1` is `Systems/1/index.json` in it. Files are read at every
 * request, so that the tree can be edited while it is served. Nothing outside the folder is ever read, through `..` or
 * through a link.
 *
 * @throws Error if the folder has no `index.json`, the service root
 */
export async function folderTree(folder: string): Promise<ResourceSource> {
  const root = await realpath(folder).catch(() => folder)
  const source: ResourceSource = { read: (resourcePath) => readResource(root, resourcePath) }
  if ((await source.read(ROOT)) === null) {
    throw new Error(`no Redfish tree in ${folder}: there is no ${path.join(folder, 'index.json')}`)
  }
  return source
}

async function readResource(root: string, resourcePath: string): Promise<Resource | null> {
  if (resourcePath !== ROOT && !resourcePath.startsWith(`${ROOT}/`)) return null
  const names = resourcePath.slice(ROOT.length + 1).split('/')
  if (resourcePath !== ROOT && !names.every(isPlainName)) return null
  try {
    const file = await realpath(path.join(root, ...names, 'index.json'))
    if (!file.startsWith(root + path.sep)) return null
    return JSON.parse(await readFile(file, 'utf8')) as Resource
  } catch (error) {
    if (NOT_THERE.has((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}

function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name)
}
