import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { errorCodes } from '@bmdb/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { faultTable, outcomes, phases, type Phase } from '../faults/fault-table.ts'
import { root } from '../setup.ts'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

describe('the documents', () => {
  test('list exactly the error codes that there are', () => {
    const documented = [...read('docs/errors.md').matchAll(/^\| `(ERR_\w+)`/gm)].map((match) => match[1])
    expect(documented).toEqual([...errorCodes])
  })

  test('have the fault table as it is tested', () => {
    const columns = Object.keys(phases) as Phase[]
    const tested = [
      ['fault', ...columns.map((phase) => phases[phase])],
      ...faultTable.map((row) => [row.fault, ...columns.map((phase) => outcomes[row.outcomes[phase]])]),
    ]
    const section = read('docs/guarantees.md').split('## What a fault does')[1]!
    const lines = section.split('\n').filter((line) => line.startsWith('|') && !line.startsWith('| -'))
    const documented = lines.map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
    expect(documented).toEqual(tested)
  })

  test('show a test with the fault kit that is one of ours', () => {
    const example = /```ts\n(.*?)```/s.exec(read('packages/bmdb-testing/README.md'))?.[1]
    expect(example).toBe(read('test/docs/testing-example.test.ts'))
  })

  test('show an example in the README that runs as it stands', { timeout: 60_000 }, async () => {
    const example = /```js\n(.*?)```/s.exec(read('README.md'))?.[1]
    mkdirSync(join(root, '.bmdb/test'), { recursive: true })
    const directory = mkdtempSync(join(root, '.bmdb/test/readme-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    writeFileSync(join(directory, 'worker.mjs'), example!)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--conditions=@bmdb/source', 'worker.mjs'],
      { cwd: directory },
    )
    const events = stdout.split('\n').map((line) => line.split(' ')[1])
    expect(events.filter((event) => event === 'Finished')).toHaveLength(3)
    expect(events.filter((event) => event === 'Started')).toHaveLength(3)
  })
})
