import type { Command } from 'commander'
import { exitCodeMeanings } from '../exit-codes.ts'
import { addBackoffCommands } from './backoff.ts'
import type { Run } from './define.ts'
import { addDoctorCommand } from './doctor.ts'
import { addExecCommand } from './exec.ts'
import { addExplainCommand } from './explain.ts'
import { addHistoryCommand } from './history.ts'
import { addMachineCommands } from './machine.ts'
import { addMigrateCommands } from './migrate.ts'
import { addProcessCommands } from './process.ts'
import { addSessionCommands } from './session.ts'
import { addVerifyCommand } from './verify.ts'
import { addWorkCommands } from './work.ts'

/** Adds every command, in the order of the help. */
export function addCommands(root: Command, run: Run): void {
  addMachineCommands(root, run)
  addSessionCommands(root, run)
  addWorkCommands(root, run)
  addBackoffCommands(root, run)
  addProcessCommands(root, run)
  addExplainCommand(root, run)
  addHistoryCommand(root, run)
  addMigrateCommands(root, run)
  addDoctorCommand(root, run)
  addVerifyCommand(root, run)
  addExecCommand(root, run)
}

/** The exit codes, for the help of all. */
export function exitCodeHelp(): string {
  const lines = Object.entries(exitCodeMeanings).map(([code, meaning]) => `  ${code}  ${meaning}`)
  return [
    '',
    'Exit codes:',
    ...lines,
    'exec exits as its command did (128 plus the signal where one killed it), with 127 where there is no such command',
    'and 126 where it cannot be run. A command that was stopped by a signal exits with 128 plus its number.',
    '',
    'Examples:',
    '  bmdb machine add --reason "new in rack 7"',
    '  bmdb explain 6f1e0c7a-6b1f-4a5e-9d0c-2f6f0a3b1c2d Reinstall',
    '  bmdb work ls --json | jq .rows',
  ].join('\n')
}
