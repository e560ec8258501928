import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { root } from '../setup.ts'

/** Runs the soak, of what was built where that is fresh; a soak that hangs is stopped. */
async function soak(...flags: string[]): Promise<{ code: number | null; output: string }> {
  const conditions = inject('built') ? [] : ['--conditions=@bmdb/source']
  const program = ['--import', 'tsx', ...conditions, join(import.meta.dirname, 'main.ts')]
  const child = spawn(process.execPath, [...program, ...flags], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGTERM'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  return { code, output }
}

test('promises 1 to 9 hold in a soak of 15 s', { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bmdb-soak-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const jsonFile = join(directory, 'soak.json')
  const few = ['--seconds', '15', '--workers', '2', '--machines', '3', '--collectors', '1', '--json', jsonFile]
  const { code, output } = await soak(...few)
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('soak: PASSED') as string })
  const result = JSON.parse(await readFile(jsonFile, 'utf8')) as {
    violations: unknown[]
    faults: Record<string, number>
    figures: { increments: number }
  }
  expect(result.violations).toEqual([])
  expect(Object.values(result.faults).reduce((sum, times) => sum + times, 0)).toBeGreaterThanOrEqual(8)
  expect(result.figures.increments).toBeGreaterThan(0)
})

test('what is typed wrongly is one line and exit code 2; --help tells what there is', async () => {
  const [wrong, broken, help] = await Promise.all([
    soak('--minutes', 'ten'),
    soak('--break', 'everything'),
    soak('--help'),
  ])
  expect(wrong).toMatchObject({ code: 2, output: expect.stringMatching(/^soak: --minutes is "ten".*\n$/) as string })
  expect(broken).toMatchObject({
    code: 2,
    output: expect.stringMatching(/guard, takeover \(see --help\)\n$/) as string,
  })
  expect(help).toMatchObject({ code: 0, output: expect.stringContaining('--break NAME') as string })
})
