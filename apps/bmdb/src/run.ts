import { oneLine } from '@bmdb/program'
import { rootCommand, addGlobalOptions, type Run } from './commands/define.ts'
import { addCommands, exitCodeHelp } from './commands/all.ts'
import { exitCodes } from './exit-codes.ts'
import { ShownError, UsageFailure } from './failures.ts'
import type { Io, TextStream } from './io.ts'
import { judgeFailure } from './judge-failure.ts'
import { withoutControls } from './output/shown.ts'
import type { Command } from 'commander'

/**
 * Runs the command: parses what was typed, does it, and tells in one line why it failed.
 * @param argv - what was typed after the program's name
 * @returns the exit code; see `exit-codes.ts`
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const running: Run = { io, argv, exitCode: exitCodes.done }
  try {
    await commandTree(running).parseAsync([...argv], { from: 'user' })
    return running.exitCode
  } catch (error) {
    if (error instanceof ShownError) return exitCodes.done
    if (error instanceof UsageFailure) {
      await complain(io.stderr, `error: ${oneLine(error.message)}`)
      await complain(io.stderr, `usage: ${usageOf(error.command)}`)
      return exitCodes.usage
    }
    const { exitCode, line } = judgeFailure(error)
    await complain(io.stderr, line)
    return exitCode
  }
}

/** All commands, as `run` parses them. */
export function commandTree(running: Run): Command {
  const root = rootCommand(running.io)
  root.description('looks at a fleet of machines, acts on it, and runs programs under a lock')
  addGlobalOptions(root)
  addCommands(root, running)
  root.addHelpText('after', exitCodeHelp())
  return root
}

function usageOf(command: Command): string {
  return command.createHelp().commandUsage(command)
}

function complain(stream: TextStream, line: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(`${withoutControls(line)}\n`, () => resolve())
  })
}
