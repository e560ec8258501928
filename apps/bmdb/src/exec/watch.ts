import { spawn } from 'node:child_process'
import type { Writable } from 'node:stream'

/** Kills a command's group when this program dies without having ended it: nobody else would stop it then. */
export interface Watch {
  over(pid: number): void
  /** The command has ended. Twice is harmless. */
  dismiss(): void
}

// A shell is all that it takes: its third pipe ends when this program does, however that happens.
const script = 'read -r pid <&3 || exit 0; read -r done <&3 || kill -s KILL -- "-$pid"'

/** Starts to watch, before the command is there. */
export function startWatch(): Watch {
  const shell = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  // Without a shell there is no watch: the lock is as safe, and the token is there for what it does not reach.
  shell.on('error', () => {})
  shell.unref()
  const pipe = shell.stdio[3] as Writable
  pipe.on('error', () => {})
  return {
    over: (pid) => void pipe.write(`${pid}\n`),
    dismiss: () => void pipe.end('done\n'),
  }
}
