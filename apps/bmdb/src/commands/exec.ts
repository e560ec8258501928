import type { Command } from 'commander'
import { aYear, processName, seconds, text, uuid, wholeNumber } from '../arguments/kinds.ts'
import { withDatabase } from '../database/with-database.ts'
import { runUnderLock } from '../exec/run-under-lock.ts'
import { Signals } from '../exec/signals.ts'
import { UsageFailure } from '../failures.ts'
import { addCommand, addOption, whenRun, type Run } from './define.ts'

interface ExecOptions {
  readonly machine: string
  readonly process: string
  readonly interval?: number
  readonly backoff?: number
  readonly ignoreBackoff?: true
  readonly wait?: number
  readonly killAfter?: number
  readonly component?: string
}

/** `bmdb exec` */
export function addExecCommand(root: Command, run: Run): void {
  const command = addCommand(root, 'exec', {
    summary: 'runs a command while it holds a machine for a process',
    description:
      'runs a command while it holds a machine for a process. The command finds BMDB_MACHINE_ID, BMDB_PROCESS, ' +
      'BMDB_TOKEN and BMDB_SESSION_ID in its environment. If it exits with 0 the work is finished, otherwise it has ' +
      'failed, and the process stays away for a while. Before the lock runs out, even with the database unreachable, ' +
      'the command and all that it started in its process group gets SIGTERM, and then SIGKILL. The standard output is ' +
      "the command's; with --json a line on the standard error says what came of it",
    examples: [
      [
        'bmdb exec --machine "$ID" --process Reinstall -- ./reinstall.sh "$ID"',
        'exits as the script does; 6 if somebody else has the machine',
      ],
      [
        'bmdb exec --machine "$ID" --process Reinstall --wait 600 --interval 30 -- sh -c \'flash --token "$BMDB_TOKEN"\'',
        'waits ten minutes for the lock, and goes on through twenty seconds without a database',
      ],
    ],
  })
  command.usage('[options] -- COMMAND [ARGUMENTS...]')
  command.argument('[COMMAND...]', 'after --: the command and its arguments')
  addOption(command, '--machine <MACHINE>', 'the id of the machine', uuid, { required: true })
  addOption(command, '--process <NAME>', 'what it is locked for', processName, { required: true })
  addOption(
    command,
    '--interval <SECONDS>',
    'the lease: how long others wait if this host dies; default: 5',
    wholeNumber(1, 3_600),
  )
  addOption(command, '--wait <SECONDS>', 'how long to wait for the lock; default: 0', seconds(0, aYear))
  addOption(command, '--kill-after <SECONDS>', 'from SIGTERM to SIGKILL; default: 5', seconds(0, 3_600))
  addOption(command, '--backoff <SECONDS>', 'how long the process stays away after a failure', wholeNumber(1, aYear))
  command.option('--ignore-backoff', 'begins even during a backoff')
  addOption(command, '--component <NAME>', 'who holds it, for others to see; default: bmdb exec', text(128))
  whenRun<ExecOptions>(run, command, async (context, options) => {
    const typed = commandOf(command, run.argv)
    const { io, output, timeoutMs } = context
    using signals = new Signals(io)
    const outcome = await withDatabase(
      context,
      ({ connection }) =>
        runUnderLock(connection, signals, io, {
          machineId: options.machine,
          process: options.process,
          command: typed,
          intervalSeconds: options.interval ?? 5,
          backoffSeconds: options.backoff,
          ignoreBackoff: options.ignoreBackoff === true,
          waitSeconds: options.wait ?? 0,
          killAfterSeconds: options.killAfter ?? 5,
          timeoutMs,
        }),
      { componentName: options.component ?? 'bmdb exec', signal: signals.early },
    )
    if (outcome.note !== null) await output.note(`error: ${outcome.note}`)
    if (output.json) await output.note(JSON.stringify({ ...outcome, token: String(outcome.token) }))
    return outcome.exitCode
  })
}

/** What was typed after `--`, which must be there: what follows is the command's, options and all. */
function commandOf(command: Command, argv: readonly string[]): readonly string[] {
  const at = argv.indexOf('--')
  const typed = at < 0 ? [] : argv.slice(at + 1)
  if (command.args.length > typed.length)
    throw new UsageFailure(command, `unexpected argument ${JSON.stringify(command.args[0])}: the command goes after --`)
  if (typed.length === 0 || typed[0] === '')
    throw new UsageFailure(command, 'the command to run is missing: it goes after --')
  return typed
}
