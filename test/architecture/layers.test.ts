import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../setup.ts'

interface House {
  readonly source: string
  /** Lowest first: a file may import from its own line and from those above it, never from one below. */
  readonly layers: readonly (readonly string[])[]
}

const core: House = {
  source: 'packages/bmdb-core/src',
  layers: [
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
    ['process/', 'operator/', 'history.ts'],
    ['fleet/'],
    ['session.ts', 'sweep.ts', 'wake-up.ts'],
    ['prisma.ts', 'connection.ts'],
    ['bmdb.ts', 'prometheus.ts'],
    ['index.ts'],
  ],
}

const api: House = {
  source: 'packages/bmdb-api/src',
  layers: [
    ['contract/'],
    ['identity.ts', 'log.ts', 'problem/', 'openapi/'],
    ['fleet/'],
    ['request/', 'acts/', 'events/'],
    ['routes/'],
    ['api.ts'],
    ['index.ts'],
  ],
}

const consoleServer: House = {
  source: 'apps/console/src',
  layers: [
    ['security-headers.ts', 'pages/html.ts', 'access/names.ts', 'access/trusted-proxies.ts', 'access/loopback.ts'],
    ['config.ts', 'refuse.ts', 'metrics.ts', 'readiness.ts', 'front-door.ts'],
    ['access/'],
    ['pages/', 'same-origin.ts', 'observe.ts'],
    ['app.ts'],
    ['serve.ts'],
    ['main.ts'],
  ],
}

const frontEnd: House = {
  source: 'apps/console/web/src',
  layers: [
    ['nonce.ts', 'theme.ts', 'style.css', 'api/', 'parts/times.ts', 'parts/ids.tsx', 'parts/page.tsx'],
    ['live/'],
    ['actions/'],
    ['parts/'],
    ['pages/'],
    ['app.tsx'],
    ['main.tsx'],
  ],
}

function layerOf({ layers }: House, file: string): number {
  const exact = layers.findIndex((layer) => layer.includes(file))
  return exact >= 0
    ? exact
    : layers.findIndex((layer) => layer.some((name) => name.endsWith('/') && file.startsWith(name)))
}

function filesOf({ source }: House): string[] {
  const all = readdirSync(join(root, source), { recursive: true, encoding: 'utf8' })
  return all.filter((file) => /\.tsx?$/.test(file)).map((file) => file.replaceAll('\\', '/'))
}

describe.each([
  ['@bmdb/core', core],
  ['@bmdb/api', api],
  ['the console', consoleServer],
  ['the console’s front end', frontEnd],
])('the layers of %s', (_name, house) => {
  const files = filesOf(house)

  test('hold every file', () => {
    expect(files.filter((file) => layerOf(house, file) < 0)).toEqual([])
  })

  test('import downwards only', () => {
    const upwards: string[] = []
    for (const file of files.filter((name) => !name.startsWith('generated/'))) {
      const text = readFileSync(join(root, house.source, file), 'utf8')
      for (const [, specifier] of text.matchAll(/from '(\.[^']+)'/g)) {
        const imported = join(dirname(file), specifier!)
        if (layerOf(house, imported) > layerOf(house, file)) upwards.push(`${file} imports ${imported}`)
      }
    }
    expect(upwards).toEqual([])
  })

  test('keep files readable: 300 lines at most', () => {
    const long = files
      .filter((file) => !file.startsWith('generated/'))
      .filter((file) => readFileSync(join(root, house.source, file), 'utf8').split('\n').length > 300)
    expect(long).toEqual([])
  })
})

describe('@bmdb/core', () => {
  test('touches timers in clock.ts alone, and Prisma’s generated code in two files', () => {
    const files = filesOf(core).filter((file) => !file.startsWith('generated/'))
    const found = (pattern: RegExp): string[] =>
      files.filter((file) => pattern.test(readFileSync(join(root, core.source, file), 'utf8')))
    expect(found(/\bset(Timeout|Interval|Immediate)\(/)).toEqual(['clock.ts'])
    expect(found(/generated\//).sort()).toEqual(['migration/migration-file.ts', 'prisma.ts'])
  })
})
