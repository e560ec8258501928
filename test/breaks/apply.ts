import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Break } from './breaks.ts'

/** A copy of the core in which code may be broken: beside the workspace's own node_modules, so that imports resolve. */
export interface Copy {
  readonly directory: string
  /** Breaks one place, runs `then`, and mends it again. */
  whileBroken<T>(one: Break, then: () => Promise<T>): Promise<T>
  remove(): void
}

/** @param root - the workspace */
export function copyOfCore(root: string, name: string): Copy {
  const base = join(root, '.bmdb', 'breaks', name)
  const directory = join(base, 'packages/bmdb-core')
  rmSync(base, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  cpSync(join(root, 'tsconfig.base.json'), join(base, 'tsconfig.base.json'))
  for (const part of ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
    cpSync(join(root, 'packages/bmdb-core', part), join(directory, part), { recursive: true })
  return {
    directory,
    async whileBroken(one, then) {
      const file = join(directory, 'src', one.file)
      const whole = readFileSync(file, 'utf8')
      writeFileSync(file, broken(whole, one))
      try {
        return await then()
      } finally {
        writeFileSync(file, whole)
      }
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  }
}

/** @throws where the text to be replaced is not there exactly once: the break would prove nothing */
export function broken(whole: string, one: Break): string {
  const parts = whole.split(one.replace)
  if (parts.length !== 2)
    throw new Error(`break "${one.name}": its text stands ${parts.length - 1} times in ${one.file}, it must stand once`)
  return parts.join(one.by)
}
