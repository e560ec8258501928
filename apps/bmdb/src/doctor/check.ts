import type { Connection, MigrationStatus, PrismaClient } from '@bmdb/core'
import { oneLine } from '@bmdb/program'

/** What one check found. */
export interface CheckResult {
  readonly check: string
  /** Null where it could not be found out. */
  readonly ok: boolean | null
  /** What it rests on, in words. */
  readonly fact: string
  /** What to do about it; null if it is ok. */
  readonly remedy: string | null
}

/** What a check looks at. */
export interface Patient {
  readonly connection: Connection<PrismaClient>
  readonly migrations: MigrationStatus
  /** A transaction that is open for longer is worth a look. */
  readonly longSeconds: number
  /** Runs a statement that only reads. */
  readonly ask: <Row>(statement: string, ...values: unknown[]) => Promise<Row[]>
}

/** A check finds a fact, and where it is not as it should be, a remedy. */
export interface Check {
  readonly name: string
  /** On which databases it has a meaning. Default: both. */
  readonly only?: 'postgresql' | 'cockroachdb'
  readonly run: (patient: Patient) => Promise<{ readonly fact: string; readonly remedy?: string | undefined }>
}

/** A check that takes longer than this is given up. */
const checkMs = 10_000

/** Runs a check; one that fails is a result too. */
export async function runCheck(check: Check, patient: Patient): Promise<CheckResult> {
  const { name } = check
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${checkMs / 1_000} s`)), checkMs)
  })
  try {
    const { fact, remedy } = await Promise.race([check.run(patient), late])
    return { check: name, ok: remedy === undefined, fact, remedy: remedy ?? null }
  } catch (error) {
    return {
      ...notChecked(name, oneLine(lastLine(error))),
      remedy: 'see to it that this role may look, and look again',
    }
  } finally {
    clearTimeout(timer)
  }
}

/** A check that nobody could make. */
export function notChecked(check: string, why: string): CheckResult {
  return { check, ok: null, fact: `could not be checked: ${why}`, remedy: null }
}

/** Prisma tells where in the code it was called first, and what happened last. */
function lastLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.trim().split('\n').at(-1) ?? ''
}
