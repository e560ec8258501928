/** A `Date` that is off, and the one that it is off from. */
interface Shift {
  readonly from: DateConstructor
  ms: number
}

const shifts = new WeakMap<DateConstructor, Shift>()

/**
 * Shifts this program's wall clock, `Date.now()` and `new Date()`, on top of earlier shifts, as an administrator or NTP
 * might. The monotonic clock and timers are left alone.
 *
 * @param ms - milliseconds; a negative number sets it back
 * @returns undoes it; the order among several does not matter, and twice is harmless
 */
export function shiftWallClock(ms: number): () => void {
  const from = globalThis.Date
  const shift: Shift = { from, ms }
  const now = (): number => from.now() + shift.ms
  const shifted = new Proxy(from, {
    get: (target, key, receiver): unknown => (key === 'now' ? now : Reflect.get(target, key, receiver)),
    apply: () => new from(now()).toString(),
    construct: (target, given: unknown[], newTarget): Date =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget) as Date,
  })
  shifts.set(shifted, shift)
  globalThis.Date = shifted
  return () => {
    shift.ms = 0
    // Those underneath may have been undone before.
    for (let top = shifts.get(globalThis.Date); top?.ms === 0; top = shifts.get(globalThis.Date))
      globalThis.Date = top.from
  }
}
