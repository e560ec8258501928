/** A kind of value that is typed. */
export interface Kind<Value> {
  /** What it must be, such as `a UUID`. */
  readonly expected: string
  /** The value, or undefined if the text is not what is expected. */
  readonly parse: (text: string) => Value | undefined
}

/** A UUID as core takes it, in lower case. */
export const uuid: Kind<string> = {
  expected: 'a UUID such as 123e4567-e89b-42d3-a456-426614174000',
  parse: (text) => (isUuid(text) ? text.toLowerCase() : undefined),
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i
const extremes = /^(0{8}-0{4}-0{4}-0{4}-0{12}|f{8}-f{4}-f{4}-f{4}-f{12})$/i

/** Whether the text is a UUID. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text) || extremes.test(text)
}

/**
 * A text of 1 to so many characters. One that begins with `--` is refused: it is the next option, and the value was
 * forgotten.
 */
export function text(maximum: number): Kind<string> {
  return {
    expected: `a text of 1 to ${maximum} characters that does not begin with --`,
    parse: (typed) => {
      const fits = typed.trim() !== '' && typed.length <= maximum
      return fits && !typed.startsWith('--') && !typed.includes('\0') ? typed : undefined
    },
  }
}

/** The name of a process. */
export const processName = text(128)
/** Why an operator acts. */
export const reason = text(500)

/** A whole number within a range, both ends included. */
export function wholeNumber(minimum: number, maximum: number): Kind<number> {
  return {
    expected: `a whole number from ${minimum} to ${maximum}`,
    parse: (typed) => {
      const number = /^[+-]?\d+$/.test(typed) ? Number(typed) : NaN
      return number >= minimum && number <= maximum ? number : undefined
    },
  }
}

/** Seconds, fractions allowed, within a range, both ends included. */
export function seconds(minimum: number, maximum: number): Kind<number> {
  return {
    expected: `a number of seconds from ${minimum} to ${maximum}`,
    parse: (typed) => {
      const number = /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(typed) ? Number(typed) : NaN
      return number >= minimum && number <= maximum ? number : undefined
    },
  }
}

/** The longest wait that core takes, in seconds. */
export const aYear = 31_536_000

/** A time to come, with its zone. */
export const futureTime: Kind<Date> = {
  expected: 'a time to come, in ISO 8601 with its zone, such as 2030-01-31T18:00:00Z',
  parse: (typed) => {
    const parts = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/.exec(typed)
    if (parts === null) return undefined
    const [year, month, day] = parts.slice(1, 4).map(Number) as [number, number, number]
    // Some dates that there are not, such as the 30th of February, are read as days of the next month.
    const there = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
    const time = new Date(typed)
    return there && time.getTime() > Date.now() ? time : undefined
  },
}
