/** What the command exits with, for scripts to rely on. `exec` exits as its command did, where that ran to its end. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  database: 3,
  notFound: 4,
  nothing: 5,
  refused: 6,
  findings: 7,
  unknown: 8,
  lost: 9,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What each code means, in the words of the help. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'an unexpected error',
  2: 'what was typed cannot be used; no connection was made, and nothing written',
  3: 'the database cannot be used: unreachable, wrong password or privileges, migrations missing',
  4: 'there is no such machine, session or process',
  5: 'nothing to change, or not held; with explain --check: not eligible',
  6: 'refused: held by somebody, blocked, in conflict, or in backoff',
  7: 'doctor, verify or migrate status found something',
  8: 'not done in time, or the outcome is unknown: look before doing it again',
  9: 'exec: the work was lost or released while the command ran, and the command was stopped',
}

/** Codes of shells that `exec` uses too, and those of signals. */
export const shellExitCodes = {
  cannotRun: 126,
  notFound: 127,
  /** Plus the signal's number: stopped by that signal. */
  signal: 128,
} as const
