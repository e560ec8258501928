/** A piece of work, as its holder saw it, by the monotonic clock that all programs of a host share, in nanoseconds. */
export interface Held {
  readonly machine: string
  readonly process: string
  readonly token: string
  readonly holder: string
  /** Which way it was claimed by. */
  readonly way: string
  /** When the claim had returned. */
  readonly fromNs: bigint
  /** When its end was asked for, or its signal aborted. */
  readonly toNs: bigint
}

/** What must not be on one machine at the same time, and how many of a process may be held in one rack. */
export interface Rules {
  readonly conflicts: readonly (readonly [string, string])[]
  readonly limits: Readonly<Record<string, number>>
  rackOf(machine: string): string
}

/** Judges the holders' own windows; returns a sentence for each thing that must not be. */
export function judge(holds: readonly Held[], rules: Rules): string[] {
  const machines = groups(holds, (held) => held.machine)
  const exclusive = machines.flatMap((of) => overlapping(of, rules))
  const racks = Object.entries(rules.limits).flatMap(([process, most]) =>
    groups(
      holds.filter((held) => held.process === process),
      (held) => rules.rackOf(held.machine),
    ).flatMap((of) => tooMany(of, most, rules.rackOf(of[0]!.machine))),
  )
  return [...exclusive, ...racks]
}

function overlapping(holds: readonly Held[], { conflicts }: Rules): string[] {
  const excludes = (one: Held, other: Held): boolean =>
    one.process === other.process ||
    conflicts.some(([a, b]) => [a, b].includes(one.process) && [a, b].includes(other.process))
  const sorted = inOrder(holds)
  return sorted.flatMap((held, index) => {
    const found: string[] = []
    for (let next = index + 1; next < sorted.length && sorted[next]!.fromNs < held.toNs; next++)
      if (excludes(held, sorted[next]!)) found.push(`${shown(held)} and ${shown(sorted[next]!)} on ${held.machine}`)
    return found
  })
}

/** Goes through the beginnings and ends in their order, and counts. */
function tooMany(holds: readonly Held[], most: number, rack: string): string[] {
  const changes = holds
    .flatMap((held) => [
      { atNs: held.fromNs, by: 1, held },
      { atNs: held.toNs, by: -1, held },
    ])
    .sort((one, other) => (one.atNs === other.atNs ? one.by - other.by : one.atNs < other.atNs ? -1 : 1))
  let count = 0
  return changes.flatMap(({ by, held }) => {
    count += by
    return by === 1 && count > most ? [`${count} of ${most} in rack ${rack}, the last by ${shown(held)}`] : []
  })
}

function inOrder(holds: readonly Held[]): Held[] {
  return [...holds].sort((one, other) => (one.fromNs < other.fromNs ? -1 : 1))
}

function groups<T>(all: readonly T[], keyOf: (one: T) => string): T[][] {
  const found = new Map<string, T[]>()
  for (const one of all) {
    const group = found.get(keyOf(one))
    if (group === undefined) found.set(keyOf(one), [one])
    else group.push(one)
  }
  return [...found.values()]
}

function shown({ process, holder, token, way }: Held): string {
  return `${process} by ${holder} (token ${token}, by ${way})`
}
