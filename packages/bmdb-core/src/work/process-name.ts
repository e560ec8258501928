import { text } from '../arguments.ts'

/** @returns the process's name, if it is a text of 1 to 128 characters */
export function processName(process: unknown): string {
  return text('process', process, 128)
}
