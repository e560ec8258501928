import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../setup.ts'

const source = join(root, 'packages/bmdb-core/src')

// Lowest first: a file may import from its own line and from those above it, never from one below.
const layers = [
  ['bmdb-error.ts'],
  ['work-errors.ts'],
  ['errors.ts', 'clock.ts', 'logger.ts', 'metrics.ts', 'retry-delay.ts', 'version.ts', 'arguments.ts'],
  ['limit.ts', 'backoff.ts'],
  ['generated/'],
  ['database/'],
  ['transaction/guard.ts'],
  ['sql/'],
  ['transaction/', 'beat/'],
  ['migration/'],
  ['session/'],
  ['work/'],
  ['process/', 'operator/'],
  ['fleet/'],
  ['session.ts', 'sweep.ts', 'history.ts', 'wake-up.ts'],
  ['prisma.ts', 'connection.ts'],
  ['bmdb.ts', 'prometheus.ts'],
  ['index.ts'],
]

function layerOf(file: string): number {
  const exact = layers.findIndex((layer) => layer.includes(file))
  return exact >= 0
    ? exact
    : layers.findIndex((layer) => layer.some((name) => name.endsWith('/') && file.startsWith(name)))
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

describe('the layers of @bmdb/core', () => {
  test('hold every file', () => {
    expect(files.filter((file) => layerOf(file) < 0)).toEqual([])
  })

  test('import downwards only', () => {
    const upwards: string[] = []
    for (const file of files.filter((name) => !name.startsWith('generated/'))) {
      const text = readFileSync(join(source, file), 'utf8')
      for (const [, specifier] of text.matchAll(/from '(\.[^']+)'/g)) {
        const imported = relative(source, join(source, dirname(file), specifier!))
        if (layerOf(imported) > layerOf(file)) upwards.push(`${file} imports ${imported}`)
      }
    }
    expect(upwards).toEqual([])
  })

  test('touch timers in clock.ts alone, and Prisma’s generated code in two files', () => {
    const found = (pattern: RegExp): string[] =>
      files.filter((file) => !file.startsWith('generated/') && pattern.test(readFileSync(join(source, file), 'utf8')))
    expect(found(/\bset(Timeout|Interval|Immediate)\(/)).toEqual(['clock.ts'])
    expect(found(/generated\//).sort()).toEqual(['migration/migration-file.ts', 'prisma.ts'])
  })

  test('keep files readable: 300 lines at most', () => {
    const long = files
      .filter((file) => !file.startsWith('generated/'))
      .filter((file) => readFileSync(join(source, file), 'utf8').split('\n').length > 300)
    expect(long).toEqual([])
  })
})
