import type { ChildProgram } from './child-program.ts'
import { counted } from './counted.ts'
import type { Snapshot } from './snapshot.ts'

/** What the view needs besides the snapshot. */
export interface ViewContext {
  readonly programs: readonly ChildProgram[]
  readonly links: readonly (readonly [name: string, link: string])[]
  readonly lines: readonly string[]
  /** The terminal's size; 0 where it is not known. */
  readonly columns: number
  readonly rows: number
}

/** The live view, as text: machines, sessions and work, the programs and the last lines that they logged. */
export function render(snapshot: Snapshot, { programs, links, lines, columns, rows }: ViewContext): string {
  const inventoried = snapshot.machines.filter((machine) => machine.inventoried).length
  const above = [
    `BMDB · ${counted(snapshot.machines.length, 'machine')}, ${inventoried} inventoried · ` +
      `${counted(snapshot.sessions.length, 'session')} · ${snapshot.work} work`,
    '',
    ...table(
      ['machine', 'BMC', 'state', ''],
      snapshot.machines.map(({ id, bmc, state, details }) => [id.slice(0, 8), bmc, state, details]),
    ),
    '',
    ...table(
      ['session', 'component', 'deadline in', 'holds', ''],
      snapshot.sessions.map(({ id, componentName, remainingSeconds, held, runtimeInfo }) => [
        id.slice(0, 8),
        componentName,
        remainingSeconds < 0 ? 'expired' : `${remainingSeconds.toFixed(1)} s`,
        String(held),
        runtimeInfo,
      ]),
    ),
    '',
    ...table(
      ['program', 'pid', 'state'],
      programs.map(({ name, pid, state }) => [name, String(pid), state()]),
    ),
    '',
  ]
  const below = [
    '',
    ...links.map(([name, link]) => `${name.padEnd(10)}${link}`),
    'kill -9 or kill -STOP a worker and watch the other · Ctrl-C ends everything',
  ]
  // What is logged gives way first where the terminal is low.
  const room = rows > 0 ? Math.max(0, rows - 1 - above.length - below.length) : lines.length
  return [...above, ...lines.slice(Math.max(0, lines.length - room)), ...below]
    .map((line) => (columns > 0 && line.length > columns ? `${line.slice(0, columns - 1)}…` : line))
    .join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]! + 2))
      .join('')
      .trimEnd(),
  )
}
