/** A value as a cell of a table. */
export type Cell = string | number | boolean | bigint | Date | null | undefined

/**
 * A cell's text. Times are ISO 8601. Control characters, which names in a database may have, are written out: none of
 * them reaches a terminal, and none ends a line or a column.
 */
export function shown(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  const text = cell instanceof Date ? cell.toISOString() : String(cell)
  return withoutControls(text)
}

/** The text with its control characters written out. */
export function withoutControls(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const short = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` }[character]
    return short ?? String.raw`\u` + character.charCodeAt(0).toString(16).padStart(4, '0')
  })
}

/** A time that the database gave as JSON, as one. */
export function timeOf(text: string | null | undefined): Date | null {
  return text === null || text === undefined ? null : new Date(text)
}
