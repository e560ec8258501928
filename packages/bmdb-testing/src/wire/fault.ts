/** An error as a server reports it. */
export interface ServerError {
  /** Five characters, such as `40001`. */
  readonly sqlState: string
  /** @default a text that says that it was made up */
  readonly message?: string
  /** `FATAL` also closes the connection. @default `ERROR` */
  readonly severity?: 'ERROR' | 'FATAL'
}

/** How a connection breaks: `close` is the orderly end that a program makes, `reset` the abrupt one of a dead host. */
export type Breakage = 'close' | 'reset'

/**
 * What goes wrong with one statement.
 *
 * - `cut`: the connection breaks. `before`: the server never gets the statement. `during`: it gets it, and the
 *   connection breaks before it has answered; it goes on with the statement, and notices afterwards. `after`: it has
 *   answered, and the connection breaks in place of the answer.
 * - `answer`: an error is made up. `instead`: the server never gets the statement. `after`: the server does it, and its
 *   answer is replaced. Either way client and server agree afterwards on whether a transaction is open or failed.
 * - `hold`: a black hole from here on, until `restore()`. `before`: the server gets what was sent before the statement
 *   and no more. `after`: it has answered, and neither that answer nor anything else passes. With `all` nothing passes
 *   on any other connection either, new ones included.
 * - `delay`: the statement (`before`) or its answer (`after`) arrives `ms` later, and all that is behind it too.
 *
 * What the client sends behind a statement that is cut, held or answered so reaches the server only after the fault,
 * if at all, however much of it was sent ahead.
 */
export type Fault =
  | { readonly do: 'cut'; readonly when: 'before' | 'during' | 'after'; readonly how?: Breakage }
  | { readonly do: 'answer'; readonly with: ServerError; readonly when: 'instead' | 'after' }
  | { readonly do: 'hold'; readonly when: 'before' | 'after'; readonly all?: boolean }
  | { readonly do: 'delay'; readonly ms: number; readonly when: 'before' | 'after' }

/** A statement that a client runs: a simple query, or a prepared statement's execution. */
export interface Statement {
  /** Its SQL, as it was prepared; several statements in one simple query are one text. */
  readonly text: string
  /** The prepared statement's name; empty if it has none. */
  readonly name: string
}

/** Which statements are meant. A string: one that is contained in the text or in the name. */
export type StatementMatch = string | RegExp | ((statement: Statement) => boolean)

export function matches(match: StatementMatch, statement: Statement): boolean {
  if (typeof match === 'function') return match(statement)
  if (typeof match === 'string') return statement.text.includes(match) || statement.name.includes(match)
  // `search` ignores where a global expression stopped last.
  return statement.text.search(match) >= 0 || statement.name.search(match) >= 0
}

const moments: Record<Fault['do'], readonly Fault['when'][]> = {
  cut: ['before', 'during', 'after'],
  answer: ['instead', 'after'],
  hold: ['before', 'after'],
  delay: ['before', 'after'],
}

/** @throws TypeError for what the types would not have allowed: a misspelt fault would never happen */
export function checkFault(fault: Fault): void {
  const when = Object.hasOwn(moments, fault.do) ? moments[fault.do] : undefined
  const fits =
    when?.includes(fault.when) === true && (fault.do !== 'answer' || /^[0-9A-Z]{5}$/.test(fault.with?.sqlState))
  if (!fits) throw new TypeError(`There is no such fault: ${JSON.stringify(fault)}`)
}
