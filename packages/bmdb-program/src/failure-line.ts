import { oneLine, redact } from './redact.ts'

/** Why a program failed: `name: message` in one line, with the stack below where it is wanted. No password. */
export function failureLine(name: string, thrown: unknown, withStack = false): string {
  const error = first(thrown)
  const line = `${name}: ${oneLine(error instanceof Error ? error.message || error.name : String(error))}`
  return withStack && error instanceof Error && error.stack !== undefined ? `${line}\n${redact(error.stack)}` : line
}

/** What was thrown first, where disposing after it failed too. */
function first(thrown: unknown): unknown {
  return thrown instanceof Error && thrown.name === 'SuppressedError' && 'suppressed' in thrown
    ? first(thrown.suppressed)
    : thrown
}
