import type { Edit } from '../breaks/copy.ts'
import type { BreakName } from './config.ts'

/** What `--break` breaks in the copy. */
export const breaks: Readonly<Record<BreakName, readonly Edit[]>> = {
  // What is done under a lock is committed, whether the lock is still there or not.
  guard: [
    {
      name: 'guard',
      file: 'packages/bmdb-core/src/work/work-row.ts',
      replace: `        if ((rows as EndRow[])[0]?.ended === true) return
        // It began`,
      by: `        if (rows !== undefined) return
        // It began`,
    },
  ],
  // A claim takes over from whoever holds, whether the deadline has passed or not.
  takeover: [
    {
      name: 'takeover',
      file: 'packages/bmdb-core/src/sql/claim.ts',
      replace: `CASE WHEN l.session_deadline > now() AND w.process = $2::text THEN 'held'
                    WHEN l.session_deadline > now() THEN 'conflict'
                    WHEN`,
      by: 'CASE WHEN',
    },
    {
      name: 'takeover',
      file: 'packages/bmdb-core/src/sql/end-sessions.ts',
      replace: "const expired = 'l.session_deadline <= now()'",
      by: "const expired = 'true'",
    },
  ],
}
