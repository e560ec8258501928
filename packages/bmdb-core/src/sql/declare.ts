import type { Statement } from '../database/server-connection.ts'

/** What was declared of a process; null where nothing was. */
export function readDeclaration(process: string): Statement {
  return {
    name: 'bmdb_read_declaration',
    text: 'SELECT declaration, declared_by, declared_at FROM processes WHERE process = $1::text',
    values: [process],
  }
}

/**
 * Stores a declaration and the rules in it. The first statement writes only if what is stored still is what was read, and
 * returns a row then; the others write only if it did.
 *
 * A conflict stands as long as one of the two processes declares it.
 */
export function storeDeclaration(
  process: string,
  component: string,
  before: unknown,
  declaration: { readonly conflictsWith: readonly string[]; readonly failureDomains: Readonly<Record<string, number>> },
): Statement[] {
  const stored = JSON.stringify(declaration)
  const kinds = Object.keys(declaration.failureDomains)
  // In this transaction, that is, by its time.
  const isStored = `EXISTS (SELECT 1 FROM processes WHERE process = $1::text AND declared_at = now())`
  return [
    {
      text: `
        INSERT INTO processes AS p (process, declaration, declared_by, declared_at)
        VALUES ($1::text, $2::jsonb, $3::text, now())
        ON CONFLICT (process) DO UPDATE
        SET declaration = excluded.declaration, declared_by = excluded.declared_by, declared_at = excluded.declared_at
        WHERE p.declaration IS NOT DISTINCT FROM $4::jsonb
        RETURNING p.process`,
      values: [process, stored, component, before === null ? null : JSON.stringify(before)],
    },
    {
      text: `
        DELETE FROM process_conflicts AS c
        WHERE (c.process = $1::text OR c.conflicts_with = $1::text) AND ${isStored}
          AND NOT (CASE WHEN c.process = $1::text THEN c.conflicts_with ELSE c.process END = ANY($2::text[]))
          AND NOT EXISTS (
            SELECT 1 FROM processes AS o
            WHERE o.process = CASE WHEN c.process = $1::text THEN c.conflicts_with ELSE c.process END
              AND o.declaration->'conflictsWith' ? $1::text)`,
      values: [process, declaration.conflictsWith],
    },
    {
      text: `
        INSERT INTO processes (process) SELECT unnest($2::text[]) WHERE ${isStored} ON CONFLICT (process) DO NOTHING`,
      values: [process, declaration.conflictsWith],
    },
    {
      text: `
        INSERT INTO process_conflicts (process, conflicts_with)
        SELECT $1::text, other FROM unnest($2::text[]) AS other WHERE ${isStored}
        UNION SELECT other, $1::text FROM unnest($2::text[]) AS other WHERE ${isStored}
        ON CONFLICT (process, conflicts_with) DO NOTHING`,
      values: [process, declaration.conflictsWith],
    },
    {
      text: `DELETE FROM process_domain_limits WHERE process = $1::text AND ${isStored}`,
      values: [process],
    },
    {
      text: `
        INSERT INTO process_domain_limits (process, kind, maximum)
        SELECT $1::text, kind, maximum FROM unnest($2::text[], $3::int4[]) AS r (kind, maximum) WHERE ${isStored}`,
      values: [process, kinds, kinds.map((kind) => declaration.failureDomains[kind])],
    },
    {
      text: `
        UPDATE processes AS p
        SET has_rules = EXISTS (SELECT 1 FROM process_conflicts AS c WHERE c.process = p.process)
          OR EXISTS (SELECT 1 FROM process_domain_limits AS r WHERE r.process = p.process)
        WHERE p.has_rules <> (EXISTS (SELECT 1 FROM process_conflicts AS c WHERE c.process = p.process)
          OR EXISTS (SELECT 1 FROM process_domain_limits AS r WHERE r.process = p.process))`,
    },
  ]
}
