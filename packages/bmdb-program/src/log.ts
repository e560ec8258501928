import { createLogger, format, transports, type Logger } from 'winston'
import type { LogLevel } from './log-level.ts'
import { redact } from './redact.ts'

/** A program's log: a winston logger, which is also a logger for BMDB. */
export type Log = Logger

/** Where lines go: a program's standard output, or anything like it. */
export type LogStream = NodeJS.WritableStream & { readonly isTTY?: boolean | undefined }

/** For {@link createLog}. */
export interface LogOptions {
  /** The program's name, stored in every JSON line. */
  readonly name: string
  readonly level: LogLevel
  readonly stream: LogStream
  /** Colours on a terminal. Default true; elsewhere there are none. */
  readonly colours?: boolean | undefined
}

/**
 * Makes a program's log. On a terminal a line reads `12:34:56.789 info  message key=value`, elsewhere it is JSON with
 * `time` (ISO 8601, UTC), `level`, `program`, `message` and the line's fields. Passwords in URLs are left out.
 */
export function createLog({ name, level, stream, colours = true }: LogOptions): Log {
  const pretty = stream.isTTY === true
  const line = format.printf((info) => {
    const { level: itsLevel, message, ...fields } = info
    const text = String(message)
    return redact(pretty ? prettyLine(itsLevel, text, fields, colours) : jsonLine(name, itsLevel, text, fields))
  })
  const transport = new transports.Stream({ stream, eol: '\n' })
  // A reader that has gone is no reason to end the program's work.
  stream.on('error', () => {})
  return createLogger({ level, format: line, transports: [transport] })
}

const colourOf: Readonly<Record<string, number>> = { error: 31, warn: 33, info: 32, debug: 90 }

function prettyLine(level: string, message: string, fields: Record<string, unknown>, colours: boolean): string {
  const paint = (code: number, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)
  const shown = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${paint(90, `${key}=`)}${prettyValue(value)}`)
  const now = new Date()
  const time = `${now.toTimeString().slice(0, 8)}.${String(now.getMilliseconds()).padStart(3, '0')}`
  return `${paint(90, time)} ${paint(colourOf[level] ?? 0, level.padEnd(5))} ${message}${shown.join('')}`
}

function prettyValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, replacer)
  return /^[^\s"=]+$/.test(text) ? text : typeof value === 'string' ? JSON.stringify(text) : text
}

function jsonLine(program: string, level: string, message: string, fields: Record<string, unknown>): string {
  return JSON.stringify({ time: new Date().toISOString(), level, program, message, ...fields }, replacer)
}

/** Errors and tokens as JSON has them. */
function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Error) return { name: value.name, message: value.message }
  return value
}
