import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const source = join(import.meta.dirname, '../src')
const textOf = new Map(readdirSync(source).map((file) => [file, readFileSync(join(source, file), 'utf8')]))

test('timers are in clock.ts alone', () => {
  const found = [...textOf].filter(([, text]) => /\bset(Timeout|Interval|Immediate)\(/.test(text))
  expect(found.map(([file]) => file)).toEqual(['clock.ts'])
})

test('no file has more than 250 lines', () => {
  expect([...textOf].filter(([, text]) => text.split('\n').length > 250).map(([file]) => file)).toEqual([])
})

test('imports go one way', () => {
  const importsOf = (file: string) => [...textOf.get(file)!.matchAll(/from '\.\/([^']+)'/g)].map((match) => match[1]!)
  const reached = (file: string, seen = new Set<string>()): Set<string> => {
    for (const imported of importsOf(file)) if (!seen.has(imported)) reached(imported, seen.add(imported))
    return seen
  }
  expect([...textOf.keys()].filter((file) => reached(file).has(file))).toEqual([])
})
