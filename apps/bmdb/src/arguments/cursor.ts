import { isUuid, type Kind } from './kinds.ts'

/** What a list is ordered by, part by part. */
export type CursorKey = readonly ('time' | 'uuid' | 'text')[]

/** Keys of the lists. */
export const cursorKeys = {
  machines: ['time', 'uuid'],
  sessions: ['time', 'uuid'],
  work: ['uuid', 'text'],
  backoffs: ['uuid', 'text'],
  processes: ['text'],
  operatorHistory: ['time', 'uuid'],
} as const satisfies Record<string, CursorKey>

const matches: Record<CursorKey[number], (part: string) => boolean> = {
  // As the database writes a time: with the zone it has, so that nothing of it is lost.
  time: (part) => /^\d{4,6}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?[+-]\d{2}(:\d{2}){0,2}$/.test(part),
  uuid: isUuid,
  text: (part) => part !== '' && !part.includes('\0'),
}

/** The cursor of a list that is ordered so: checked here, so that a wrong one needs no database. */
export function cursor(key: CursorKey): Kind<string> {
  return {
    expected: 'the cursor that an earlier page of the same list ended with',
    parse: (typed) => {
      const parts = decodeCursor(typed)
      const fits = parts?.length === key.length && key.every((kind, index) => matches[kind](parts[index]!))
      return fits ? typed : undefined
    },
  }
}

/** A cursor of the same form as core's. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

/** Its parts, or undefined where it is none. */
export function decodeCursor(typed: string): readonly string[] | undefined {
  const bytes = Buffer.from(typed, 'base64url')
  // What is not base64 is passed over by the decoder.
  if (typed === '' || bytes.toString('base64url') !== typed) return undefined
  try {
    const parts: unknown = JSON.parse(bytes.toString())
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : undefined
  } catch {
    return undefined
  }
}
