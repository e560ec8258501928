import fc from 'fast-check'

/** As much of a schema as the contract's requests have. */
export interface Schema {
  readonly type?: string
  readonly format?: string
  readonly pattern?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

/** What programs choke on: halves of characters, NUL, names of what objects inherit, numbers that are none, quotes. */
export const hostileText = fc.oneof(
  fc.constantFrom('', ' ', '\0', 'a\0b', '\ud800', 'x\udfff', '\u202e', '😀'.repeat(200), 'x'.repeat(2_000)),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'null',
    'undefined',
    'NaN',
    '-1',
    '1e999',
    '0x10',
    '9'.repeat(40),
  ),
  fc.constantFrom(
    "'; DROP TABLE machines; --",
    '%',
    '_',
    '\\',
    '%00',
    '../../etc/passwd',
    '$1',
    '{}',
    '[object Object]',
  ),
  fc.constantFrom('WyIyMDI2Il0', 'bnVsbA', 'WyJcdTAwMDAiLCJ4Il0', '=', '2026-02-30T00:00:00Z', '9999-12-31T23:59:60Z'),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

const hostileValue = fc.oneof(
  hostileText,
  fc.constantFrom(null, true, -1, 0, 1.5, 1e300, Number.MAX_SAFE_INTEGER, [], {}, [[]], { $ne: 1 }, { toString: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
)

/** Something that fits the schema, more or less. `ids` are of machines that there are. */
export function fitting(schema: Schema, ids: readonly string[]): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((part) => fitting(part, ids)))
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.properties !== undefined) {
    const parts = Object.entries(schema.properties).map(([name, part]) => [name, fitting(part, ids)] as const)
    return fc.record(Object.fromEntries(parts), { requiredKeys: [...(schema.required ?? [])] })
  }
  if (schema.type === 'integer') return fc.integer({ min: 1, max: 200 })
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'null') return fc.constant(null)
  if (schema.format === 'uuid') return fc.oneof(fc.constantFrom(...ids), fc.uuid({ version: 4 }))
  if (schema.format === 'date-time') {
    const times = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    return times.map((time) => time.toISOString())
  }
  if (schema.pattern?.includes('0-9') === true) return fc.stringMatching(/^[0-9]{1,19}$/)
  return fc.oneof(fc.constantFrom('Install', 'Inventory', 'bmc', 'rack', 'r1', 'test'), fc.string({ minLength: 1 }))
}

/** Parameters of a query, with some that do not fit, and sometimes one that is not known, or twice. */
export function query(parameters: Readonly<Record<string, Schema>>, ids: readonly string[]): fc.Arbitrary<string> {
  const all = Object.entries(parameters).map(([name, schema]) => {
    const given = fc.oneof({ weight: 4, arbitrary: fitting(schema, ids) }, { weight: 1, arbitrary: hostileValue })
    return fc.option(given, { nil: undefined, freq: 2 }).map((value) => [name, value] as const)
  })
  const more = fc.option(fc.tuple(hostileText, hostileText), { nil: ['', undefined] as const, freq: 8 })
  return fc
    .tuple(...all, more)
    .map((pairs) =>
      pairs
        .flatMap(([name, value]) => (value === undefined ? [] : [`${encoded(name)}=${encoded(text(value))}`]))
        .join('&'),
    )
}

/** A body that nearly fits, with something in it that does not. */
export function brokenBody(schema: Schema, ids: readonly string[]): fc.Arbitrary<unknown> {
  const names = Object.keys(schema.properties ?? {})
  const nearly = fitting(schema, ids) as fc.Arbitrary<Record<string, unknown>>
  const changed = fc
    .tuple(nearly, fc.oneof(fc.constantFrom(...names), hostileText), hostileValue)
    .map(([body, name, value]) => Object.fromEntries([...Object.entries(body), [name, value]]))
  const lacking = fc
    .tuple(nearly, fc.constantFrom(...names))
    .map(([body, name]) => Object.fromEntries(Object.entries(body).filter(([key]) => key !== name)))
  return fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: lacking }, hostileValue)
}

/** A part of a path or a query, halves of characters too. */
export function encoded(part: string): string {
  return /\p{Surrogate}/u.test(part) ? '%ED%A0%80' : encodeURIComponent(part)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
