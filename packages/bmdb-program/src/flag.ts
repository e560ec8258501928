/** One setting of a program: a flag, and where it has one, the environment variable that stands in for it. */
export interface Flag<Value> {
  /** A sentence for the help, without a full stop. */
  readonly meaning: string
  /** What stands for the value in the help, such as `SECONDS`; undefined for a switch, which takes none. */
  readonly placeholder: string | undefined
  /** What the value must be, such as `a whole number from 1 to 1000`. */
  readonly expected: string
  /** The value where neither the flag nor the variable is there. */
  readonly fallback: Value
  /** How the help tells the fallback. */
  readonly fallbackText: string | undefined
  readonly environmentVariable: string | undefined
  /** The value is never shown: it may hold a password. */
  readonly secret: boolean
  /** The value, or undefined if the text is not what is `expected`. */
  readonly parse: (text: string) => Value | undefined
}

/** The flags of a program under the names of their values: `intervalSeconds` is typed `--interval-seconds`. */
export type Flags = Readonly<Record<string, Flag<unknown>>>

/** The values of flags. */
export type FlagValues<Given extends Flags> = {
  readonly [Name in keyof Given]: Given[Name] extends Flag<infer Value> ? Value : never
}

/** What all kinds of flags have. */
export interface FlagOptions {
  /** A sentence for the help, without a full stop. */
  readonly meaning: string
  /** Stands in where the flag is not given. Default: none. */
  readonly environmentVariable?: string | undefined
}

/** For flags with a number. */
export interface NumberFlagOptions<Fallback> extends FlagOptions {
  readonly minimum: number
  readonly maximum: number
  readonly fallback: Fallback
  /** How the help tells the fallback. Default: the number itself. */
  readonly fallbackText?: string | undefined
}

/** A whole number within a range, both ends included. */
export function wholeNumberFlag<Fallback extends number | undefined>(
  options: NumberFlagOptions<Fallback> & { readonly placeholder?: string | undefined },
): Flag<number | Fallback> {
  const { minimum, maximum } = options
  return {
    ...common(options, options.placeholder ?? 'NUMBER'),
    expected: `a whole number from ${minimum} to ${maximum}`,
    parse: (text) => (/^[+-]?\d+$/.test(text) ? within(Number(text), minimum, maximum) : undefined),
  }
}

/** A duration in seconds, fractions allowed, within a range, both ends included. */
export function secondsFlag<Fallback extends number | undefined>(
  options: NumberFlagOptions<Fallback>,
): Flag<number | Fallback> {
  const { minimum, maximum } = options
  return {
    ...common(options, 'SECONDS'),
    expected: `a number of seconds from ${minimum} to ${maximum}`,
    parse: (text) => (/^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text) ? within(Number(text), minimum, maximum) : undefined),
  }
}

/** For {@link textFlag}. */
export interface TextFlagOptions<Fallback> extends FlagOptions {
  readonly placeholder: string
  readonly fallback: Fallback
  readonly fallbackText?: string | undefined
  /** The longest it may be, in characters. Default 1000. */
  readonly maximumLength?: number | undefined
  /** The value is never shown. Default false. */
  readonly secret?: boolean | undefined
}

/** A text of at least one character. */
export function textFlag<Fallback extends string | undefined>(
  options: TextFlagOptions<Fallback>,
): Flag<string | Fallback> {
  const maximum = options.maximumLength ?? 1_000
  return {
    ...common(options, options.placeholder),
    secret: options.secret ?? false,
    expected: `a text of 1 to ${maximum} characters`,
    parse: (text) => (text.length >= 1 && text.length <= maximum ? text : undefined),
  }
}

/** One of a few words. */
export function choiceFlag<Choice extends string, Fallback extends Choice | undefined>(
  options: FlagOptions & {
    readonly placeholder: string
    readonly choices: readonly Choice[]
    readonly fallback: Fallback
  },
): Flag<Choice | Fallback> {
  return {
    ...common(options, options.placeholder),
    expected: `one of ${options.choices.join(', ')}`,
    parse: (text) => options.choices.find((choice) => choice === text),
  }
}

/** A flag without a value: true where it is given. An environment variable for it is `true` or `false`. */
export function switchFlag(options: FlagOptions): Flag<boolean> {
  return {
    ...common({ ...options, fallback: false, fallbackText: 'off' }, undefined),
    expected: 'true or false',
    parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  }
}

/** A flag of any other kind. */
export function flag<Value, Fallback extends Value | undefined>(
  options: FlagOptions & {
    readonly placeholder: string
    readonly expected: string
    readonly fallback: Fallback
    readonly fallbackText?: string | undefined
    readonly parse: (text: string) => Value | undefined
  },
): Flag<Value | Fallback> {
  return { ...common(options, options.placeholder), expected: options.expected, parse: options.parse }
}

function common<Fallback>(
  options: FlagOptions & { readonly fallback: Fallback; readonly fallbackText?: string | undefined },
  placeholder: string | undefined,
) {
  const { meaning, environmentVariable, fallback } = options
  const shown = fallback === undefined ? undefined : String(fallback)
  return {
    meaning,
    placeholder,
    fallback,
    fallbackText: options.fallbackText ?? shown,
    environmentVariable,
    secret: false,
  }
}

function within(number: number, minimum: number, maximum: number): number | undefined {
  return number >= minimum && number <= maximum ? number : undefined
}
