import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'

/** One place of the workspace, broken on purpose. */
export interface Edit {
  readonly name: string
  /** From the workspace's root. */
  readonly file: string
  /** What stands there exactly once. */
  readonly replace: string
  readonly by: string
}

/** A copy of the workspace's sources in which code may be broken. Its packages import each other, not the original's. */
export interface Copy {
  readonly directory: string
  /** Breaks one place for good. */
  breakIt(one: Edit): void
  /** Breaks one place, runs `then`, and mends it again. */
  whileBroken<T>(one: Edit, then: () => Promise<T>): Promise<T>
  /** Twice is harmless. */
  remove(): void
}

const parts = [
  'packages',
  'apps',
  'tools',
  'test',
  'prisma',
  'package.json',
  'nx.json',
  'vitest.config.ts',
  'vitest.project.ts',
]
// What was built goes along: the tests' global setup is loaded from it, while the tests themselves take the sources.
const left = new Set(['node_modules', '.bmdb', '.nx'])

/** @param root - the workspace */
export function copyOfWorkspace(root: string, name: string): Copy {
  const directory = join(root, '.bmdb', 'breaks', name)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const configurations = readdirSync(root).filter((file) => /^tsconfig.*\.json$/.test(file))
  for (const part of [...parts, ...configurations])
    cpSync(join(root, part), join(directory, part), { recursive: true, filter: (from) => !left.has(basename(from)) })
  linkModules(root, directory)
  // Its tests use the same embedded server.
  symlinkSync(join(root, '.bmdb'), join(directory, '.bmdb'))
  const write = (one: Edit): string => {
    const file = join(directory, one.file)
    const whole = readFileSync(file, 'utf8')
    writeFileSync(file, broken(whole, one))
    return whole
  }
  return {
    directory,
    breakIt: (one) => void write(one),
    async whileBroken(one, then) {
      const whole = write(one)
      try {
        return await then()
      } finally {
        writeFileSync(join(directory, one.file), whole)
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }),
  }
}

/** Everything from outside is found in the original's node_modules, above the copy; the workspace's own is linked here. */
function linkModules(root: string, directory: string): void {
  for (const folder of ['.', ...foldersOf(root)]) {
    const modules = join(root, folder, 'node_modules')
    const inside = folder === '.' ? ['@bmdb'] : listed(modules)
    for (const name of inside) {
      const scoped = name.startsWith('@') ? listed(join(modules, name)).map((one) => join(name, one)) : [name]
      for (const one of scoped) {
        const link = join(directory, folder, 'node_modules', one)
        mkdirSync(dirname(link), { recursive: true })
        symlinkSync(targetIn(root, directory, join(modules, one)), link)
      }
    }
  }
}

/** Where the module is: in the copy, if it is one of the workspace's. */
function targetIn(root: string, directory: string, module: string): string {
  if (!lstatSync(module).isSymbolicLink()) return module
  const target = resolve(dirname(module), readlinkSync(module))
  return join(directory, relative(root, target))
}

function foldersOf(root: string): string[] {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { workspaces: string[] }
  return workspaces.flatMap((pattern) =>
    pattern.endsWith('/*')
      ? listed(join(root, pattern.slice(0, -2))).map((one) => join(pattern.slice(0, -2), one))
      : [pattern],
  )
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.'))
  } catch {
    return []
  }
}

/** @throws where the text to be replaced is not there exactly once: the break would prove nothing */
export function broken(whole: string, one: Edit): string {
  const pieces = whole.split(one.replace)
  if (pieces.length !== 2)
    throw new Error(
      `break "${one.name}": its text stands ${pieces.length - 1} times in ${one.file}, it must stand once`,
    )
  return pieces.join(one.by)
}
