/** NUL, which no text of the database can hold, and halves of surrogate pairs, which UTF-8 cannot. */
const notText = /\0|\p{Surrogate}/u

/** Where in a value there is a text that the database cannot keep, such as `filter.process`; undefined if there is none. */
export function brokenText(value: unknown, path = ''): string | undefined {
  if (typeof value === 'string') return notText.test(value) ? path : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, part] of Object.entries(value)) {
    const found = brokenText(part, path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}
