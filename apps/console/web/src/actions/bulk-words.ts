import type { BulkVerbName } from '@bmdb/api/contract'

/** The words of an act on everything that matches. */
export interface BulkWords {
  readonly label: string
  readonly title: string
  /** One, and several, of what it acts on. */
  readonly nouns: readonly [string, string]
  readonly does: string
  readonly did: string
  readonly says: readonly string[]
  readonly grave?: true
}

export const bulkWords: { readonly [Name in BulkVerbName]: BulkWords } = {
  releaseMatching: {
    label: 'Release all that match',
    title: 'Release all work that matches',
    nouns: ['piece of work', 'pieces of work'],
    does: 'Release',
    did: 'released',
    says: [
      'Takes the work away from whoever holds it, with no grace. Machines may be left half done.',
      'All of it may be claimed again at once. If that should not be, pause the process first.',
    ],
    grave: true,
  },
  clearBackoffsMatching: {
    label: 'Clear all that match',
    title: 'Clear all backoffs that match',
    nouns: ['backoff', 'backoffs'],
    does: 'Clear',
    did: 'cleared',
    says: [
      'All these machines may be claimed at once, as far as the limits of the process allow. Failures stay counted.',
      'If the cause is something they share, it is still there: they fail together.',
    ],
  },
  unparkMatching: {
    label: 'Unpark all that match',
    title: 'Unpark everything that matches',
    nouns: ['parked process on a machine', 'parked processes on machines'],
    does: 'Unpark',
    did: 'unparked',
    says: ['All these machines may be claimed at once. Who parked them gave reasons: look at them before.'],
  },
  endSessionsMatching: {
    label: 'End all that match',
    title: 'End all sessions that match',
    nouns: ['session', 'sessions'],
    does: 'End',
    did: 'ended',
    says: [
      'Ends them at once, without a grace; what they hold may be claimed by others. Machines may be left half done.',
      'Their programs are not stopped, and may start new sessions.',
    ],
    grave: true,
  },
}
