import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { expect, onTestFinished, test } from 'vitest'
import { exitCodeMeanings } from '../src/exit-codes.ts'
import { commandTree } from '../src/run.ts'
import { invoke } from './invoke.ts'

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

const nowhere = { write: () => {} }
const root = commandTree({
  argv: [],
  exitCode: 0,
  io: {
    stdout: nowhere,
    stderr: nowhere,
    env: {},
    userName: undefined,
    cwd: () => '/',
    on: () => {},
    off: () => {},
    exit: () => {},
    kill: () => {},
  },
})

/** Every command that does something, as it is typed. */
function leaves(command: Command, path: readonly string[]): string[][] {
  if (command.commands.length === 0) return [[...path]]
  return command.commands.flatMap((inner) => leaves(inner, [...path, inner.name()]))
}

test('every command has a help with a usage, a description and examples, on the standard output', async () => {
  const commands = leaves(root, [])
  expect(commands.length).toBeGreaterThan(25)
  for (const command of commands) {
    const { code, out, err } = await invoke([...command, '--help'])
    expect({ command, code, err }).toEqual({ command, code: 0, err: '' })
    expect(out).toMatch(new RegExp(`^Usage: bmdb ${command.join(' ')} `))
    expect(out, command.join(' ')).toMatch(/\n\nExamples:\n {2}(ID=.*)?bmdb /)
    expect(out).toContain('--json')
  }
  expect((await invoke(['help', 'machine'])).out).toMatch(/^Usage: bmdb machine /)
  expect((await invoke(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test('the examples of the help are commands that can be typed', async () => {
  for (const command of leaves(root, [])) {
    const { out } = await invoke([...command, '--help'])
    for (const [, typed] of out.matchAll(/^ {2}(bmdb .*)$/gm)) {
      const argv = wordsOf(typed!.split(' | ')[0]!).slice(1)
      // What can be parsed gets as far as the database, which cannot be reached.
      const { code, err } = await invoke(
        ['--timeout', '0.1', '--database-url', 'postgresql://127.0.0.1:1/d', ...argv],
        {},
      )
      expect({ typed, err, usage: code === 2 }).toEqual({ typed, err, usage: false })
    }
  }
})

/** Splits as a shell does, with `$ID` and the like put in. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []
  const id = '6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d'
  return words.map((word) =>
    word.replace('"$ID"', id).replace('"$ADMIN_URL"', 'postgresql://127.0.0.1:1/d').replaceAll(/["']/g, ''),
  )
}

test('the README lists every command, and none that there is not', () => {
  const listed = [...readme.matchAll(/^\| `bmdb ([a-z -]+?)(?: [[A-Z…].*)?` /gm)].map(([, typed]) => typed)
  expect(listed.sort()).toEqual(
    leaves(root, [])
      .map((command) => command.join(' '))
      .sort(),
  )
})

test('the exit codes are the same in the code, in the help and in the README', async () => {
  const rows = [...readme.matchAll(/^\| (\d) +\| (.*?) +\|$/gm)].map(([, code, meaning]) => [code, meaning])
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(Object.entries(exitCodeMeanings)))
  const { out } = await invoke(['--help'])
  for (const [code, meaning] of Object.entries(exitCodeMeanings)) expect(out).toContain(`  ${code}  ${meaning}\n`)
})

test('a command that was not built yet says in one line how it is built', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bmdb-unbuilt-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'bin'))
  copyFileSync(join(import.meta.dirname, '../bin/bmdb.mjs'), join(folder, 'bin/bmdb.mjs'))
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bin/bmdb.mjs'), 'work', 'ls'], {
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^error: bmdb is not built yet: run npx nx run cli:build .*\n$/)
})
