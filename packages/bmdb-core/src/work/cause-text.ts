const longest = 2_000

/** What is stored of a failure: the messages of the error and its causes, at most 2 000 characters. */
export function causeText(cause: unknown): string {
  const messages: string[] = []
  let error = cause
  for (let depth = 0; depth < 8 && error !== undefined && error !== null; depth++) {
    const message = error instanceof Error ? error.message || error.name : shown(error)
    if (message !== '' && !messages.some((earlier) => earlier.includes(message))) messages.push(message)
    error = error instanceof Error ? error.cause : undefined
  }
  const whole = (messages.join(': ') || 'no reason was given').replaceAll('\0', '')
  return whole.length > longest ? `${whole.slice(0, longest - 1)}…` : whole
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    // A circle, or a bigint inside.
    return Object.prototype.toString.call(value)
  }
}
