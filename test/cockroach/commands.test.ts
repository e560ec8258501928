import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../setup.ts'

const commands = { 'test:cockroach': 'main.ts', 'soak:cockroach': 'cluster.ts' }

/** Runs a command where no Docker is found: not by the path, nor by the environment. */
async function run(name: keyof typeof commands, ...args: string[]) {
  const file = join(import.meta.dirname, commands[name])
  const command = ['--import', 'tsx', '--conditions=@bmdb/source', file, ...args]
  const env = { PATH: '/nowhere', HOME: '/nowhere' }
  return new Promise<{ code: unknown; out: string; err: string }>((resolve) =>
    execFile(process.execPath, command, { env, cwd: root, timeout: 15_000 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, out, err }),
    ),
  )
}

describe('npm run test:cockroach and npm run soak:cockroach', () => {
  test('what is typed wrongly is one line and exit code 2; --help says that they were not yet run', async () => {
    const typed = [
      run('test:cockroach', '--iamge', 'x'),
      run('soak:cockroach', '--minutes', 'ten'),
      run('soak:cockroach', '--minutes', '0'),
      run('soak:cockroach', '--seed', '1.5'),
    ]
    for (const { code, out, err } of await Promise.all(typed)) {
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(err).toMatch(/^(test|soak):cockroach: .*(iamge|"ten"|"0"|"1\.5").*\(see --help\)\n$/)
    }
    for (const { code, out, err } of await Promise.all([
      run('test:cockroach', '--help'),
      run('soak:cockroach', '--help'),
    ])) {
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain('Not yet run')
    }
  })

  // Without the path one Docker is found all the same.
  const isHere = existsSync('/var/run/docker.sock')
  test.skipIf(isHere)('without Docker they say so in one line, and end with another code than 0', async () => {
    for (const { code, out, err } of await Promise.all([run('test:cockroach'), run('soak:cockroach')])) {
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toMatch(/^(test|soak):cockroach: no Docker .*\n$/)
    }
  })
})
