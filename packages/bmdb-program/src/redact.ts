/** The text with the credentials of every URL in it replaced: no password reaches a log or an error. */
export function redact(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)(?!user:password@)[^\s"'<>]*@/gi, '$1***@')
}

/** The text in one line, without credentials. */
export function oneLine(text: string): string {
  return redact(text.replaceAll(/\s*[\r\n]+\s*/g, ' ').trim())
}

/** A value as it was typed, for quoting in an error: at most 60 characters, no credentials, no control characters. */
export function quote(text: string): string {
  if (/:\/\/|password/i.test(text)) return 'a text that may hold a password'
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

/** Where a database URL leads, `host:port/database`: what of it may be shown. */
export function shownAddress(databaseUrl: string): string {
  try {
    const { hostname, port, pathname } = new URL(databaseUrl)
    return `${hostname === '' ? 'localhost' : hostname}:${port === '' ? '5432' : port}${pathname}`
  } catch {
    return 'the given URL'
  }
}
