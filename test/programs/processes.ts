import { execFileSync } from 'node:child_process'

export interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** The processes of this system that run; zombies are none. */
export function processes(): ProcessEntry[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8', maxBuffer: 2 ** 24 })
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
      return command === undefined || state?.startsWith('Z') === true
        ? []
        : [{ pid: Number(pid), parent: Number(parent), command }]
    })
}

/** The programs of the workspace that a process has started, by a word in their command. */
export function childrenOf(pid: number, word = 'dist/main.js'): number[] {
  return processes()
    .filter(({ parent, command }) => parent === pid && command.includes(word))
    .map((process) => process.pid)
}

/** All that a process has started, and what these have started, without the process itself. */
export function descendantsOf(pid: number, all = processes()): number[] {
  return all.filter(({ parent }) => parent === pid).flatMap((child) => [child.pid, ...descendantsOf(child.pid, all)])
}
