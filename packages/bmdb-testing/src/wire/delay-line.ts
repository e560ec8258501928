import { Alarm, realMs } from './real-time.ts'

/** One way of a connection: what is under way on it arrives in order, and not before it is due. */
export class DelayLine<T> {
  #items: { readonly value: T; readonly bytes: number; readonly dueMs: number }[] = []
  #notBeforeMs = 0
  #bytes = 0
  readonly #alarm = new Alarm()
  readonly #onDue: () => void

  /** @param onDue - called when something that `peek` kept back is due */
  constructor(onDue: () => void) {
    this.#onDue = onDue
  }

  get bytes(): number {
    return this.#bytes
  }

  push(value: T, bytes: number, delayMs: number): void {
    this.#items.push({ value, bytes, dueMs: delayMs > 0 ? realMs() + delayMs : 0 })
    this.#bytes += bytes
  }

  /** The next one that is due; it stays until `shift`. */
  peek(): T | undefined {
    const first = this.#items[0]
    if (first === undefined) return undefined
    const dueMs = Math.max(first.dueMs, this.#notBeforeMs)
    if (dueMs > 0 && dueMs > realMs()) {
      this.#alarm.set(dueMs, this.#onDue)
      return undefined
    }
    return first.value
  }

  shift(): void {
    this.#bytes -= this.#items.shift()?.bytes ?? 0
  }

  /** Nothing arrives for that long from now. */
  holdUp(ms: number): void {
    this.#notBeforeMs = realMs() + ms
  }

  clear(): void {
    this.#items = []
    this.#bytes = 0
    this.#alarm.clear()
  }
}
