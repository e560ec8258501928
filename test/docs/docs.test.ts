import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { errorCodes } from '@bmdb/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { root } from '../setup.ts'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

describe('the documents', () => {
  test('list exactly the error codes that there are', () => {
    const documented = [...read('docs/errors.md').matchAll(/^\| `(ERR_\w+)`/gm)].map((match) => match[1])
    expect(documented).toEqual([...errorCodes])
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
