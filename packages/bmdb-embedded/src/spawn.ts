import type { ChildProcess } from 'node:child_process'
import type { Placement } from './placement.ts'

/** How PostgreSQL's programs are started: as the server's user, in a directory that it can enter. */
export function spawnOptions(
  placement: Placement,
  cwd: string,
): { uid?: number; gid?: number; cwd: string; env: NodeJS.ProcessEnv; windowsHide: true } {
  return {
    ...placement.user,
    // Ours may be one that the server's user cannot enter.
    cwd,
    // PGDATA, PGPORT, PGTZ and others of ours would change what the server does.
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    windowsHide: true,
  }
}

/** Waits for a program's end. Undefined for success, else what happened. */
export function ended(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`),
    )
  })
}
