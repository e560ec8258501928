import { createLogUpdate } from 'log-update'
import type { ChildProgram } from './child-program.ts'
import { counted } from './counted.ts'
import type { Snapshot } from './snapshot.ts'
import { render } from './view.ts'

/** Where the stack shows itself: a view that redraws itself on a terminal, plain lines elsewhere. */
export interface Display {
  /** A line that a program logged, or the stack itself says. */
  say(who: string, line: string): void
  /** The state of things; called several times a second. */
  show(snapshot: Snapshot, programs: readonly ChildProgram[]): void
  /** Leaves the last view standing. */
  end(): void
}

type Links = readonly (readonly [name: string, link: string])[]

const rememberedLines = 8

/** For terminals. */
export function liveDisplay(stream: NodeJS.WriteStream, links: () => Links): Display {
  const update = createLogUpdate(stream)
  const lines: string[] = []
  let viewed = false
  return {
    say(who, line) {
      if (!viewed) stream.write(`${who}: ${line}\n`)
      lines.push(`${who}: ${line}`)
      if (lines.length > rememberedLines) lines.shift()
    },
    show(snapshot, programs) {
      viewed = true
      const { columns, rows } = stream
      update(render(snapshot, { programs, links: links(), lines, columns, rows }))
    },
    end() {
      if (viewed) update.done()
      viewed = false
    },
  }
}

/** For files and pipes: what is logged, and a line whenever the number of inventoried machines changes. */
export function plainDisplay(stream: NodeJS.WritableStream): Display {
  let last = ''
  return {
    say: (who, line) => void stream.write(`${who}: ${line}\n`),
    show({ machines, sessions, work }) {
      const inventoried = machines.filter((machine) => machine.inventoried).length
      const line = `${inventoried} of ${machines.length} machines inventoried, ${counted(sessions.length, 'session')}, ${work} work`
      const key = String(inventoried)
      if (key !== last) stream.write(`${line}\n`)
      last = key
    },
    end() {},
  }
}
