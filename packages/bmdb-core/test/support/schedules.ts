/** Makes one decision of a schedule: one of the options, of which there is at least one. */
export type Choose = <Option>(options: readonly Option[]) => Option

/**
 * Calls `run` once for every way in which its decisions can fall, on several lanes at once. Each run repeats the first
 * decisions of an earlier one, makes the next one differently, and from then on takes the first option each time.
 * @param lanes - what `run` is given besides: only one run at a time has each of them
 * @returns how many runs there were
 */
export async function everySchedule<Lane>(
  lanes: readonly Lane[],
  run: (choose: Choose, lane: Lane) => Promise<void>,
): Promise<number> {
  const open: (readonly number[])[] = [[]]
  const underWay = new Set<Promise<void>>()
  const free = [...lanes]
  let runs = 0
  const begin = (start: readonly number[], lane: Lane): void => {
    runs += 1
    const decided: number[] = []
    const branches: (readonly number[])[] = []
    const running = run((options) => {
      // Should things take another turn than last time, so that there are fewer options, it is the last one.
      const index = Math.min(start[decided.length] ?? 0, options.length - 1)
      if (decided.length >= start.length)
        for (let other = 1; other < options.length; other++) branches.push([...decided, other])
      decided.push(index)
      return options[index]!
    }, lane).finally(() => {
      underWay.delete(running)
      open.push(...branches)
      free.push(lane)
    })
    underWay.add(running)
  }
  while (open.length > 0 || underWay.size > 0) {
    while (open.length > 0 && free.length > 0) begin(open.pop()!, free.pop()!)
    // A run that failed ends it all.
    await Promise.race(underWay)
  }
  return runs
}
