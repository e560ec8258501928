import { Type, type Static, type TObject, type TProperties } from 'typebox'
import { backoffFilter } from './backoffs.ts'
import { ProcessName, Reason, Time, Uuid } from './common.ts'
import { sessionFilter } from './sessions.ts'
import { Token, workFilter } from './work.ts'

/** One thing that an operator can do: `POST /api/v1/<noun>/<verb>`. */
export interface Verb<Body extends TObject = TObject> {
  readonly noun: string
  readonly verb: string
  /** A sentence without a full stop. */
  readonly summary: string
  readonly body: Body
}

const onMachine = { machineId: Uuid }
const onProcess = { process: ProcessName }
const aYear = 31_536_000
const seconds = Type.Integer({ minimum: 1, maximum: aYear, description: 'Seconds from now, up to a year' })
const graceSeconds = Type.Optional(
  Type.Integer({ minimum: 0, maximum: 3_600, description: 'How long the holder has to let go; default 10' }),
)

function verb<Properties extends TProperties>(noun: string, name: string, summary: string, properties: Properties) {
  return {
    noun,
    verb: name,
    summary,
    body: Type.Object({ ...properties, reason: Reason }, { additionalProperties: false }),
  }
}

/** All of them, the same as the command line's. */
export const verbs = {
  addMachine: verb('machines', 'add', 'Registers a machine', { id: Type.Optional(Uuid) }),
  lockOut: verb('machines', 'lock-out', 'Keeps every process off a machine; what is held goes on', {
    ...onMachine,
    seconds: Type.Optional(seconds),
  }),
  endLockOut: verb('machines', 'end-lock-out', 'Ends a lock-out before its time', onMachine),
  retire: verb('machines', 'retire', 'Takes a machine out of service; refused while anybody holds it', onMachine),
  returnToService: verb('machines', 'return', 'Takes a retired machine back into service', onMachine),
  deleteMachine: verb(
    'machines',
    'delete',
    'Deletes a machine with its facts; refused while anybody holds it',
    onMachine,
  ),
  setFailureDomain: verb('machines', 'domain', 'Says what a machine fails together with', {
    ...onMachine,
    kind: Type.String({ minLength: 1, maxLength: 128 }),
    domain: Type.Union([Type.String({ minLength: 1, maxLength: 256 }), Type.Null()], {
      description: 'Null takes it back',
    }),
  }),
  pause: verb('processes', 'pause', 'Keeps a process from beginning anywhere; what is held goes on', onProcess),
  resume: verb('processes', 'resume', 'Lets a paused process begin again', onProcess),
  park: verb('backoffs', 'park', 'Keeps a process off one machine until it is unparked', {
    ...onMachine,
    ...onProcess,
  }),
  unpark: verb('backoffs', 'unpark', 'Lets a parked process begin on the machine again', {
    ...onMachine,
    ...onProcess,
  }),
  setBackoff: verb('backoffs', 'set', 'Keeps a process off one machine for some time', {
    ...onMachine,
    ...onProcess,
    seconds,
  }),
  clearBackoff: verb('backoffs', 'clear', 'Ends a backoff before its time; failures stay counted', {
    ...onMachine,
    ...onProcess,
  }),
  release: verb(
    'work',
    'release',
    'Ends somebody’s work: asks the holder first, and takes it away when the grace is over',
    {
      ...onMachine,
      ...onProcess,
      token: Type.Optional(Type.String({ ...Token, description: 'Only if it is still held under this token' })),
      graceSeconds,
    },
  ),
  endSession: verb('sessions', 'end', 'Ends a session at once, and with it its work', { sessionId: Uuid }),
} as const
export type VerbName = keyof typeof verbs
export type VerbBody<Name extends VerbName> = Static<(typeof verbs)[Name]['body']>

/** What came of it. */
export const Done = Type.Object({
  done: Type.Boolean({ description: 'False where there was nothing to change: nothing was written then' }),
  machineId: Type.Optional(Uuid),
  outcome: Type.Optional(Type.Union([Type.Literal('not held'), Type.Literal('released'), Type.Literal('forced')])),
})
export type Done = Static<typeof Done>

/** Acts on everything that matches: `POST /api/v1/<noun>/<verb>`, again with `after` until `next` is null. */
const bulk = {
  reason: Type.Optional(Reason),
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000, description: 'The `next` of the call before' })),
  before: Type.Optional(
    Type.String({ ...Time, description: 'Only what had begun by then: `at` of the first call; default now' }),
  ),
  dryRun: Type.Optional(
    Type.Boolean({ description: 'Only counts what it would act on; the reason may be left out then alone' }),
  ),
}
function bulkVerb<Properties extends TProperties>(noun: string, name: string, summary: string, filter: Properties) {
  return {
    noun,
    verb: name,
    summary,
    body: Type.Object(
      { ...bulk, filter: Type.Object(filter, { additionalProperties: false }) },
      { additionalProperties: false },
    ),
  }
}

/** All of them. At most 100 are acted on in one call. */
export const bulkVerbs = {
  releaseMatching: bulkVerb(
    'work',
    'release-matching',
    'Releases all work that matches, with no grace but `graceSeconds`',
    {
      ...workFilter,
      graceSeconds: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 3_600, description: 'How long each holder has to let go; default 0' }),
      ),
    },
  ),
  clearBackoffsMatching: bulkVerb('backoffs', 'clear-matching', 'Ends all backoffs that match', backoffFilter),
  unparkMatching: bulkVerb('backoffs', 'unpark-matching', 'Unparks everything that matches', backoffFilter),
  endSessionsMatching: bulkVerb('sessions', 'end-matching', 'Ends all sessions that match', sessionFilter),
} as const
export type BulkVerbName = keyof typeof bulkVerbs
export type BulkVerbBody<Name extends BulkVerbName> = Static<(typeof bulkVerbs)[Name]['body']>

/** What came of one call. */
export const BulkDone = Type.Object({
  at: Type.String({
    ...Time,
    description: 'What to give as `before` to the next call, so that nothing newer is acted on',
  }),
  failed: Type.Integer({ description: 'How many could not be changed' }),
  matched: Type.Integer({ description: 'How many were looked at in this call' }),
  done: Type.Integer({ description: 'How many were changed' }),
  failures: Type.Array(Type.Object({ what: Type.String(), detail: Type.String() }), { description: 'The first ten' }),
  next: Type.Union([Type.String(), Type.Null()]),
})
export type BulkDone = Static<typeof BulkDone>
