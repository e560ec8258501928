import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { kill, pid as ownPid, platform } from 'node:process'
import { promisify } from 'node:util'
import { errorCode } from './errors.ts'

/**
 * An operating system's process, told apart from a later one under the same pid by the time it started. Written as
 * `<pid>-<start>`, in lock files and in the names of attachments and throw-away databases.
 */
export interface Program {
  readonly pid: number
  /** In the system's own unit, compared for equality only; empty where the system does not tell. */
  readonly start: string
}

let own: Promise<Program> | undefined

/** The program that runs this code. */
export function ownProgram(): Promise<Program> {
  own ??= startOf(ownPid).then((start) => ({ pid: ownPid, start: start ?? '' }))
  return own
}

/** `<pid>-<start>`: digits and letters only, fit for file names and for names of databases. */
export function programKey(program: Program): string {
  return `${program.pid}-${program.start}`
}

/** The inverse of `programKey`; undefined if it is none. */
export function parseProgramKey(key: string): Program | undefined {
  const match = /^(\d+)-([0-9a-z]*)$/.exec(key)
  if (match === null) return undefined
  return { pid: Number(match[1]), start: match[2] ?? '' }
}

/** Whether that very program still runs: not another one that was given its pid, and not a zombie. */
export async function isAlive(program: Program): Promise<boolean> {
  if (!pidExists(program.pid)) return false
  const start = await startOf(program.pid)
  if (start === undefined) return false
  return program.start === '' || start === '' || start === program.start
}

/** The program that runs under that pid now; undefined if none does, or only a zombie. */
export async function programOf(pid: number): Promise<Program | undefined> {
  if (!pidExists(pid)) return undefined
  const start = await startOf(pid)
  return start === undefined ? undefined : { pid, start }
}

/** Whether any program, zombies left out, runs under that pid. */
export async function pidRuns(pid: number): Promise<boolean> {
  return isAlive({ pid, start: '' })
}

/** Whether any program, even a zombie, has that pid. */
export function pidExists(pid: number): boolean {
  if (pid <= 0) return false
  try {
    kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, and is somebody else's.
    return errorCode(error) === 'EPERM'
  }
}

/** When the pid's program started; undefined if there is none or it is a zombie; empty if the system does not tell. */
async function startOf(pid: number): Promise<string | undefined> {
  if (platform === 'linux') {
    try {
      const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
      // The program's name, in parentheses, may itself contain spaces and parentheses.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? '')
    } catch (error) {
      const code = errorCode(error)
      return code === 'ENOENT' || code === 'ESRCH' ? undefined : ''
    }
  }
  if (platform === 'win32') return pidExists(pid) ? '' : undefined
  try {
    const { stdout } = await promisify(execFile)('/bin/ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      env: { LC_ALL: 'C', TZ: 'UTC' },
    })
    if (stdout.trimStart().startsWith('Z')) return undefined
    return stdout
      .replace(/^\s*\S+/, '')
      .replace(/[^0-9a-zA-Z]/g, '')
      .toLowerCase()
  } catch {
    return pidExists(pid) ? '' : undefined
  }
}
