import type { AuditFinding } from '@bmdb/core'
import type { Command } from 'commander'
import { wholeNumber } from '../arguments/kinds.ts'
import { withDatabase } from '../database/with-database.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Column } from '../output/output.ts'
import { addCommand, addOption, whenRun, type Run } from './define.ts'

const columns: readonly Column<AuditFinding>[] = [
  { title: 'PROBLEM', of: (row) => row.problem },
  { title: 'MACHINE', of: (row) => row.machineId },
  { title: 'PROCESS', of: (row) => row.process },
  { title: 'TOKEN', of: (row) => row.token },
]

/** `bmdb verify` */
export function addVerifyCommand(root: Command, run: Run): void {
  const command = addCommand(root, 'verify', {
    description: 'audits the whole history: holds that overlap, tokens that fall, ends without a start',
    examples: [['bmdb verify', 'exits with 7 if there is anything that must not be']],
  })
  addOption(command, '--limit <N>', 'how many findings at most; default: 100', wholeNumber(1, 10_000))
  whenRun<{ limit?: number; timeout?: number }>(run, command, async (context, { limit = 100, timeout }) => {
    const { output } = context
    const audit = await withDatabase(context, ({ connection, wait }) =>
      connection.fleet.audit({ ...wait, limit, timeoutMs: timeout === undefined ? 600_000 : context.timeoutMs }),
    )
    if (output.json) await output.value(audit)
    else {
      if (audit.findings.length > 0) await output.rows(columns, audit.findings)
      const found = audit.findings.length
      const many = found === limit ? `${found} findings or more` : `${found} finding${found === 1 ? '' : 's'}`
      await output.note(`looked at ${audit.rows} rows of history: ${found === 0 ? 'nothing is wrong' : many}`)
    }
    return audit.findings.length === 0 ? exitCodes.done : exitCodes.findings
  })
}
