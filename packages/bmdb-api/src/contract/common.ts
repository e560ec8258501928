import { Type, type Static, type TSchema } from 'typebox'

/** A UUID. */
export const Uuid = Type.String({ format: 'uuid', description: 'A UUID' })
/** A time by the database's clock. */
export const Time = Type.String({
  format: 'date-time',
  description: 'A time, in ISO 8601, by the clock of the database',
})
/** The name of a kind of work. */
export const ProcessName = Type.String({ minLength: 1, maxLength: 128, description: 'The name of a kind of work' })
/** Why an operator acts. */
export const Reason = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '\\S',
  description: 'Why: kept in the history beside who',
})

/** The value, or null. */
export function orNull<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()])
}

/** What every list takes. */
export const paging = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: 'Rows at most; default 100' })),
  after: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1_000, description: 'The `next` of an earlier page of the same list' }),
  ),
}

/** Part of a list. */
export function pageOf<Schema extends TSchema>(row: Schema) {
  return Type.Object({
    rows: Type.Array(row),
    next: orNull(
      Type.String({
        description:
          'What to give as `after` for the next part; null where this was the last. A part may hold fewer rows than asked for, even none, and not be the last: only so many are looked at in one request.',
      }),
    ),
  })
}

/** A list's part as TypeScript has it. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly next: string | null
}

/** What went wrong, as RFC 9457 has it. */
export const Problem = Type.Object({
  status: Type.Integer(),
  title: Type.String({ description: 'The kind of problem, in a few words' }),
  detail: Type.String({ description: 'What went wrong, in a sentence that names the value and the remedy' }),
  code: Type.String({ description: 'A stable code, such as ERR_MACHINE_NOT_FOUND' }),
})
export type Problem = Static<typeof Problem>

/** Who asks, and what they may do. */
export const Role = Type.Union([Type.Literal('viewer'), Type.Literal('operator')])
export type Role = Static<typeof Role>

export const Me = Type.Object({
  name: Type.String({ description: 'Who acts, as the history keeps it' }),
  role: Role,
  csrfToken: orNull(
    Type.String({
      description: 'What every act of a browser brings in the header X-BMDB-CSRF; null where none is needed',
    }),
  ),
  dialect: Type.Union([Type.Literal('postgresql'), Type.Literal('cockroachdb')]),
  version: Type.String(),
  /** Whether there is something to log out of. */
  canLogOut: Type.Boolean(),
})
export type Me = Static<typeof Me>
