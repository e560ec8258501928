import type { Logger } from '@bmdb/core'

/** Keeps what is logged, apart from what is said at `debug`. */
export class FakeLog implements Logger {
  readonly lines: { level: string; message: string; fields: Record<string, unknown> }[] = []

  debug(): void {}

  info(message: string, fields: Record<string, unknown> = {}): void {
    this.lines.push({ level: 'info', message, fields })
  }

  warn(message: string, fields: Record<string, unknown> = {}): void {
    this.lines.push({ level: 'warn', message, fields })
  }

  error(message: string, fields: Record<string, unknown> = {}): void {
    this.lines.push({ level: 'error', message, fields })
  }
}
