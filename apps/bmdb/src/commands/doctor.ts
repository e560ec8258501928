import type { Command } from 'commander'
import { aYear, seconds } from '../arguments/kinds.ts'
import type { CheckResult } from '../doctor/check.ts'
import { examine } from '../doctor/examine.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Column } from '../output/output.ts'
import { addCommand, addOption, whenRun, type Run } from './define.ts'

const columns: readonly Column<CheckResult>[] = [
  { title: 'CHECK', of: (row) => row.check },
  { title: 'OK', of: (row) => (row.ok === null ? '?' : row.ok ? 'yes' : 'NO') },
  { title: 'FACT', of: (row) => row.fact },
  { title: 'REMEDY', of: (row) => row.remedy },
]

/** `bmdb doctor` */
export function addDoctorCommand(root: Command, run: Run): void {
  const command = addCommand(root, 'doctor', {
    description: 'checks the database and the way to it, and says what to do about what it finds',
    examples: [
      ['bmdb doctor', 'a line for each check; exits with 7 if any is not ok'],
      ["bmdb doctor --json | jq '.checks[] | select(.ok | not)'", 'only what is wrong'],
    ],
  })
  addOption(
    command,
    '--long <SECONDS>',
    'transactions that are open for longer are told; default: 60',
    seconds(0, aYear),
  )
  whenRun<{ long?: number }>(run, command, async (context, { long = 60 }) => {
    const { output } = context
    const checks = await examine(context, long)
    const ok = checks.every((check) => check.ok === true)
    if (output.json) await output.value({ ok, checks })
    else await output.rows(columns, checks)
    return ok ? exitCodes.done : exitCodes.findings
  })
}
