// npm run breaks [-- NAME…]: applies each break of breaks.ts to a copy of the workspace, and shows that its test goes red.
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { breaks, type Break } from './breaks.ts'
import { copyOfWorkspace } from './copy.ts'

const help = `Breaks the code on purpose, one line at a time, in a copy, and shows which test notices.

usage: npm run breaks [-- NAME...]

  NAME...   only these breaks; without one, all:
${breaks.map((one) => `            ${one.name}`).join('\n')}
`

const root = join(import.meta.dirname, '../..')
process.exitCode = await main()

async function main(): Promise<number> {
  let names: string[]
  try {
    const { values, positionals } = parseArgs({ options: { help: { type: 'boolean' } }, allowPositionals: true })
    if (values.help === true) {
      console.log(help)
      return 0
    }
    names = positionals
  } catch (error) {
    console.error(`breaks: ${(error as Error).message.split('\n')[0]} (see --help)`)
    return 2
  }
  const unknown = names.filter((name) => !breaks.some((one) => one.name === name))
  if (unknown.length > 0) {
    console.error(`breaks: there is no break ${unknown.join(', ')} (see --help)`)
    return 2
  }
  const chosen = names.length === 0 ? breaks : breaks.filter((one) => names.includes(one.name))
  const copy = copyOfWorkspace(root, `run-${process.pid}`)
  try {
    const whole = await failures(copy.directory, chosen)
    if (whole.length > 0) {
      console.error(`breaks: unbroken, these fail already:\n  ${whole.join('\n  ')}`)
      return 1
    }
    let unnoticed = 0
    for (const [index, one] of chosen.entries()) {
      const failed = await copy.whileBroken(one, () => failures(copy.directory, [one]))
      const noticed = failed.some((title) => title.includes(one.test.title))
      if (!noticed) unnoticed += 1
      console.log(`${index + 1}/${chosen.length} ${noticed ? 'noticed  ' : 'UNNOTICED'} ${one.name} (${one.promise})`)
      console.log(`      ${one.test.file}: ${one.test.title}`)
    }
    console.log(`${chosen.length - unnoticed} of ${chosen.length} breaks were noticed`)
    return unnoticed === 0 ? 0 : 1
  } finally {
    copy.remove()
  }
}

/** Runs the tests that the breaks name; returns the full titles of those that failed, or that could not even load. */
async function failures(directory: string, chosen: readonly Break[]): Promise<string[]> {
  const output = join(directory, 'report.json')
  const files = [...new Set(chosen.map((one) => one.test.file))]
  const titles = chosen.map((one) => one.test.title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', ...files, '-t', titles.join('|'), '--reporter=json', `--outputFile=${output}`]
  rmSync(output, { force: true })
  const child = spawn(process.execPath, args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  await new Promise((resolve) => child.on('exit', resolve))
  let report: Report
  try {
    report = JSON.parse(readFileSync(output, 'utf8')) as Report
  } catch {
    throw new Error(`the tests did not run: ${complaint}`)
  }
  const results = report.testResults.flatMap((file) => file.assertionResults)
  const ran = results.filter((one) => one.status !== 'skipped' && one.status !== 'pending')
  const missing = chosen.filter((one) => !ran.some((result) => result.fullName.includes(one.test.title)))
  const unloaded = report.testResults.some((file) => file.status === 'failed' && file.assertionResults.length === 0)
  if (missing.length > 0 && !unloaded)
    throw new Error(`there is no test "${missing[0]!.test.title}" in ${missing[0]!.test.file}`)
  return ran.filter((one) => one.status === 'failed').map((one) => one.fullName)
}

interface Report {
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}
