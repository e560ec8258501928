import type { Check } from './check.ts'
import { neededIndexes, neededPrivileges } from './tables.ts'

const migrations: Check = {
  name: 'migrations',
  run: async ({ migrations: { applied, unknown } }) => {
    if (unknown.length === 0) return { fact: `all ${applied.length} were applied` }
    return { fact: `of a newer version: ${unknown.join(', ')}`, remedy: 'upgrade this program when you can' }
  },
}

const privileges: Check = {
  name: 'privileges',
  run: async ({ ask }) => {
    const wanted = Object.entries(neededPrivileges).flatMap(([table, needed]) =>
      needed.map((privilege) => ({ table, privilege })),
    )
    const rows = await ask<{ name: string; privilege: string }>(
      `SELECT w.name, w.privilege
       FROM (SELECT unnest($1::text[]) AS name, unnest($2::text[]) AS privilege) AS w
       WHERE to_regclass(w.name) IS NULL OR NOT has_table_privilege(w.name, w.privilege)
       ORDER BY w.name, w.privilege`,
      wanted.map(({ table }) => table),
      wanted.map(({ privilege }) => privilege),
    )
    if (rows.length === 0) return { fact: 'this role may do everything that BMDB does' }
    const [role] = await ask<{ name: string }>('SELECT current_user::text AS name')
    const missing = new Map<string, string[]>()
    for (const { name, privilege } of rows) missing.set(name, [...(missing.get(name) ?? []), privilege])
    const grants = [...missing].map(([name, of]) => `GRANT ${of.join(', ')} ON ${name} TO "${role!.name}";`)
    return {
      fact: `this role lacks ${[...missing].map(([name, of]) => `${of.join(', ')} on ${name}`).join('; ')}`,
      remedy: grants.join(' '),
    }
  },
}

// A takeover ends the connection of a holder that froze within a transaction: it must be allowed to.
const endsFrozen: Check = {
  name: 'may end frozen holders',
  only: 'postgresql',
  run: async ({ ask }) => {
    const [row] = await ask<{ member: boolean; role: string }>(
      `SELECT pg_has_role(current_user, 'pg_signal_backend', 'MEMBER') AS member, current_user::text AS role`,
    )
    if (row!.member) return { fact: 'this role may end connections of others' }
    const others = await ask<{ name: string }>(
      `SELECT DISTINCT usename::text AS name FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'bmdb%' AND usename <> current_user`,
    )
    if (others.length === 0) return { fact: 'every program of BMDB that is connected has this role' }
    return {
      fact: `programs of BMDB are connected as ${others.map(({ name }) => name).join(', ')} too`,
      remedy: `let all programs use one role, or GRANT pg_signal_backend TO "${row!.role}";`,
    }
  },
}

const indexes: Check = {
  name: 'indexes',
  run: async ({ ask }) => {
    const rows = await ask<{ name: string; valid: boolean }>(
      `SELECT c.relname::text AS name, i.indisvalid AS valid
       FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE c.relname = ANY ($1::text[])`,
      neededIndexes,
    )
    const valid = rows.filter((row) => row.valid).map((row) => row.name)
    const wrong = neededIndexes.filter((name) => !valid.includes(name))
    if (wrong.length === 0) return { fact: `all ${neededIndexes.length} are there and valid` }
    const there = wrong.filter((name) => rows.some((row) => row.name === name))
    return {
      fact: wrong.map((name) => `${name} is ${there.includes(name) ? 'not valid' : 'missing'}`).join('; '),
      remedy: `create ${wrong.join(', ')} as the migrations do${there.length > 0 ? ', or REINDEX what is not valid' : ''}`,
    }
  },
}

/** Checks of what the migrations made, and of who may use it. */
export const schemaChecks: readonly Check[] = [migrations, privileges, endsFrozen, indexes]
