/** Where BMDB writes to: four methods that a winston logger has. A line's fields come as the second argument. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): unknown
  info(message: string, fields?: Record<string, unknown>): unknown
  warn(message: string, fields?: Record<string, unknown>): unknown
  error(message: string, fields?: Record<string, unknown>): unknown
}

/** The default: says nothing. */
export const quietLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
