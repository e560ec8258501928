import { execFile } from 'node:child_process'
import { readFile, readlink, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { platform } from 'node:process'
import { promisify } from 'node:util'
import { errorCode } from './errors.ts'
import { pidExists, pidRuns } from './program.ts'

/** A running server's first process, as its `postmaster.pid` tells. */
export interface Postmaster {
  readonly pid: number
  /** Undefined while it has not yet opened its port. */
  readonly port: number | undefined
  readonly status: 'starting' | 'ready' | 'stopping'
}

/**
 * The server that runs on this data directory; undefined if none does, whatever `postmaster.pid` says: that file
 * outlives a server that was killed, and its pid may since have been given to a program of another kind.
 */
export async function findPostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const lines = await readPidFile(dataDirectory)
  const pid = Number(lines?.[0])
  if (lines === undefined || !Number.isInteger(pid) || pid <= 0) return undefined
  if (!(await pidRuns(pid)) || !(await runsOn(pid, dataDirectory))) return undefined
  const port = Number(lines[3])
  const status = lines[7]?.trim()
  return {
    pid,
    port: Number.isInteger(port) && port > 0 ? port : undefined,
    status: status === 'ready' || status === 'stopping' ? status : 'starting',
  }
}

/**
 * The pid in a `postmaster.pid` that belongs to a running program which is not this directory's server. PostgreSQL
 * itself only asks whether such a program exists, and would refuse to start.
 */
export async function findMistakenPid(dataDirectory: string): Promise<number | undefined> {
  const pid = Number((await readPidFile(dataDirectory))?.[0])
  if (!Number.isInteger(pid) || !pidExists(pid)) return undefined
  return (await findPostmaster(dataDirectory)) === undefined ? pid : undefined
}

async function readPidFile(dataDirectory: string): Promise<string[] | undefined> {
  try {
    return (await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8')).split('\n')
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}

async function runsOn(pid: number, dataDirectory: string): Promise<boolean> {
  const run = promisify(execFile)
  try {
    switch (platform) {
      case 'linux': {
        const [directory, data] = await Promise.all([readWorkingDirectory(pid), realpath(dataDirectory)])
        const [program = '', ...rest] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
        if (basename(program) !== 'postgres') return false
        return directory === undefined ? rest[rest.indexOf('-D') + 1] === data : directory === data
      }
      case 'win32': {
        const { stdout } = await run('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH'])
        return stdout.toLowerCase().includes('postgres.exe')
      }
      default: {
        const { stdout } = await run('/bin/ps', ['-o', 'command=', '-ww', '-p', String(pid)], { env: { LC_ALL: 'C' } })
        return stdout.includes('postgres') && stdout.includes(`-D ${await realpath(dataDirectory)}`)
      }
    }
  } catch {
    // Not ours to look at, so not started by us; or gone since.
    return false
  }
}

/**
 * A server works in its data directory, also after that was moved or deleted. Undefined if we may not look: root in a
 * container often lacks the capability to look at programs of other users.
 */
async function readWorkingDirectory(pid: number): Promise<string | undefined> {
  try {
    return await readlink(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}
