import type { Flags } from './flag.ts'
import { flagName } from './flag-name.ts'
import { alwaysThere } from './common-flags.ts'

/** What a program is and takes: all that `--help` tells. */
export interface Usage<Given extends Flags> {
  /** The program's name: it begins every line on the standard error. */
  readonly name: string
  /** What it does, in one sentence without a full stop. */
  readonly summary: string
  /** How it is started. */
  readonly command: string
  /** The order is the help's. `--log-level` and `--help` are always there. */
  readonly flags: Given
  /** Commands and what they are for. */
  readonly examples: readonly (readonly [command: string, meaning: string])[]
}

/** The text of `--help`. */
export function helpText(usage: Usage<Flags>): string {
  const entries = Object.entries({ ...usage.flags, ...alwaysThere }).map(([key, flag]) => {
    const typed = flag.placeholder === undefined ? flagName(key) : `${flagName(key)} ${flag.placeholder}`
    const notes = [
      ...(flag.fallbackText === undefined ? [] : [`default: ${flag.fallbackText}`]),
      ...(flag.environmentVariable === undefined ? [] : [`environment: ${flag.environmentVariable}`]),
    ]
    return { typed, lines: [flag.meaning, ...(notes.length === 0 ? [] : [notes.join(' · ')])] }
  })
  entries.push({ typed: '--help', lines: ['shows this'] })
  const width = Math.max(...entries.map(({ typed }) => typed.length)) + 2
  return [
    `${usage.name}: ${usage.summary}`,
    '',
    `Usage: ${usage.command} [flags]`,
    '',
    'Flags, which win over the environment:',
    ...entries.flatMap(({ typed, lines }) =>
      lines.map((line, index) => `  ${(index === 0 ? typed : '').padEnd(width)}${line}`),
    ),
    ...(usage.examples.length === 0 ? [] : ['', 'Examples:']),
    ...usage.examples.flatMap(([command, meaning]) => [`  ${command}`, `      ${meaning}`]),
    '',
  ].join('\n')
}
