import type { Check } from './check.ts'

/** Sessions that expired so long ago should have been swept. */
const lingerSeconds = 60

const longTransactionsPostgres: Check = {
  name: 'long transactions',
  only: 'postgresql',
  run: async ({ ask, longSeconds }) => {
    const rows = await ask<{ pid: number; name: string; seconds: number; state: string | null }>(
      `SELECT pid, coalesce(nullif(application_name, ''), usename::text, '?') AS name, state,
              extract(epoch FROM now() - xact_start)::int4 AS seconds
       FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()
         AND xact_start < now() - $1::float8 * interval '1 second' AND backend_type = 'client backend'
       ORDER BY xact_start`,
      longSeconds,
    )
    if (rows.length === 0) return { fact: `none is open for longer than ${longSeconds} s` }
    return {
      fact: rows
        .map((row) => `${row.name} (pid ${row.pid}) for ${row.seconds} s, ${row.state ?? 'unknown'}`)
        .join('; '),
      remedy: `end it, or SELECT ${rows.map(({ pid }) => `pg_terminate_backend(${pid})`).join(', ')};`,
    }
  },
}

const longTransactionsCockroach: Check = {
  name: 'long transactions',
  only: 'cockroachdb',
  run: async ({ ask, longSeconds }) => {
    const rows = await ask<{ name: string; session: string }>(
      `SELECT coalesce(nullif(application_name, ''), '?') AS name, session_id::text AS session
       FROM crdb_internal.cluster_transactions WHERE start < now() - $1::float8 * interval '1 second'`,
      longSeconds,
    )
    if (rows.length === 0) return { fact: `none is open for longer than ${longSeconds} s` }
    return {
      fact: rows.map((row) => `${row.name} (session ${row.session})`).join('; '),
      remedy: rows.map(({ session }) => `CANCEL SESSION '${session}';`).join(' '),
    }
  },
}

const expired: Check = {
  name: 'expired sessions',
  run: async ({ ask }) => {
    const [row] = await ask<{ many: number; work: number }>(
      `SELECT count(*)::int4 AS many,
              coalesce(sum((SELECT count(*) FROM work AS w WHERE w.session_id = s.session_id)), 0)::int4 AS work
       FROM session_status AS s
       WHERE NOT s.session_alive AND s.session_deadline < now() - $1::int4 * interval '1 second'`,
      lingerSeconds,
    )
    const { many, work } = row!
    if (many === 0) return { fact: 'none lingers' }
    return {
      fact: `${many} expired more than ${lingerSeconds} s ago, holding ${work} piece${work === 1 ? '' : 's'} of work`,
      remedy: 'run a collector: npx nx run gc:serve (nobody is blocked: claims take over what expired)',
    }
  },
}

/** Checks of what goes on now. */
export const activityChecks: readonly Check[] = [longTransactionsPostgres, longTransactionsCockroach, expired]
