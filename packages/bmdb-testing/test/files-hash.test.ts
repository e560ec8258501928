import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { filesHash } from '../src/index.ts'

test('the hash of files changes with their contents, their names and their number, and with nothing else', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bmdb-hash-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const seen = new Set<string>()
  const changed = (change: () => void): void => {
    change()
    const hash = filesHash(directory)
    expect(hash).toMatch(/^[0-9a-f]{16}$/)
    expect(seen).not.toContain(hash)
    expect(filesHash(directory)).toBe(hash)
    seen.add(hash)
  }
  mkdirSync(join(directory, '1'))
  changed(() => writeFileSync(join(directory, '1', 'a.sql'), 'CREATE'))
  changed(() => writeFileSync(join(directory, '1', 'a.sql'), 'DROP'))
  changed(() => writeFileSync(join(directory, 'b.sql'), ''))
  changed(() => renameSync(join(directory, 'b.sql'), join(directory, 'c.sql')))
  expect(() => filesHash(join(directory, 'missing'))).toThrow('ENOENT')
})
