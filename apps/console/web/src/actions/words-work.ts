import type { VerbName } from '@bmdb/api/contract'
import { clock } from '../live/clock.ts'
import { shortId } from '../parts/ids.tsx'
import { durationText } from '../parts/times.ts'
import type { Words } from './words.ts'

type WorkVerb = 'pause' | 'resume' | 'park' | 'unpark' | 'setBackoff' | 'clearBackoff' | 'release' | 'endSession'

const onMachine = ({ machineId = '', process }: { machineId?: string | undefined; process?: string | undefined }) =>
  `${process ?? 'a process'} on machine ${shortId(machineId)}`

export const workWords: { readonly [Name in WorkVerb & VerbName]: Words<Name> } = {
  pause: {
    label: 'Pause',
    does: 'Pause everywhere',
    title: ({ process }) => `Pause ${process}`,
    says: ({ process }, { count }) => [
      `Keeps ${process} from beginning on any machine of the whole fleet until somebody resumes it.`,
      count === undefined || count === 0
        ? 'What it holds goes on.'
        : `It holds ${count} machine${count === 1 ? '' : 's'} now, where it goes on.`,
    ],
    did: ({ process }) => `Paused ${process}`,
    nothing: 'It was paused already.',
  },
  resume: {
    label: 'Resume',
    does: 'Resume',
    title: ({ process }) => `Resume ${process}`,
    says: ({ process }, { cause }) => [
      ...(cause === undefined ? [] : [`It was paused because: ${cause}`]),
      `Lets ${process} begin again, at once, on every machine where it is eligible.`,
    ],
    did: ({ process }) => `Resumed ${process}`,
    nothing: 'It was not paused.',
  },
  park: {
    label: 'Park',
    does: 'Park',
    title: (body) => `Park ${onMachine(body)}`,
    says: () => [
      'Keeps one process off this machine until somebody unparks it. Other processes are not affected.',
      'If it holds the machine now, it goes on.',
    ],
    fields: ['process'],
    did: (body) => `Parked ${onMachine(body)}`,
    nothing: 'It was parked already.',
  },
  unpark: {
    label: 'Unpark',
    does: 'Unpark',
    title: (body) => `Unpark ${onMachine(body)}`,
    says: (_, { cause }) => [
      ...(cause === undefined || cause === '' ? [] : [`It was parked because: ${cause}`]),
      'Lets it begin there again, at once if nothing else keeps it off. If the cause is still there, it fails again.',
    ],
    did: (body) => `Unparked ${onMachine(body)}`,
    nothing: 'It was not parked.',
  },
  setBackoff: {
    label: 'Set backoff',
    does: 'Set backoff',
    title: (body) => `Set a backoff of ${onMachine(body)}`,
    says: () => ['Keeps one process off this machine for some time; it may begin again by itself after that.'],
    fields: ['process', 'duration'],
    did: (body) => `Set a backoff of ${onMachine(body)}`,
    nothing: 'There was nothing to change.',
  },
  clearBackoff: {
    label: 'Clear backoff',
    does: 'Clear backoff',
    title: (body) => `Clear the backoff of ${onMachine(body)}`,
    says: (_, { cause }) => [
      ...(cause === undefined || cause === '' ? [] : [`It failed last because: ${cause}`]),
      'Lets it begin there at once. Its failures stay counted: if it fails again, it waits longer than before.',
    ],
    did: (body) => `Cleared the backoff of ${onMachine(body)}`,
    nothing: 'It was not in backoff.',
  },
  release: {
    label: 'Release',
    does: 'Release',
    title: (body) => `Release ${onMachine(body)}`,
    says: (_, { component = 'the holder', runtimeInfo, since, alive }) => [
      `Held by ${component}${runtimeInfo === undefined ? '' : ` (${runtimeInfo})`}${since === undefined ? '' : ` for ${durationText(clock.now() - Date.parse(since))}`}.`,
      alive === false
        ? 'Its session expired: the session is ended, with everything that it holds.'
        : 'It is asked to let go, and keeps the work until then; when the grace is over, the work is taken away from it.',
      'Nothing that it does afterwards is committed to the database, but the machine itself may be left half done.',
      'It may be claimed again at once, also by the same program. If nobody should, lock the machine out or pause the process first.',
    ],
    fields: ['grace'],
    grave: true,
    did: (body, { outcome }) => `Released ${onMachine(body)}${outcome === 'forced' ? ', by force' : ''}`,
    nothing: 'It is not held like that any more.',
  },
  endSession: {
    label: 'End session',
    does: 'End session',
    title: ({ sessionId = '' }) => `End session ${shortId(sessionId)}`,
    says: (_, { component = 'its program', runtimeInfo, count = 0, alive }) => [
      `Ends the session of ${component}${runtimeInfo === undefined ? '' : ` (${runtimeInfo})`} at once, without a grace.`,
      count === 0
        ? 'It holds no work.'
        : `The ${count === 1 ? 'one piece' : `${count} pieces`} of work that it holds may be claimed by others at once.`,
      alive === false
        ? 'It is expired already; ending it only tidies up.'
        : 'Nothing that its program does under it afterwards is committed. The program itself is not stopped, and may start a new session.',
    ],
    grave: true,
    did: ({ sessionId = '' }) => `Ended session ${shortId(sessionId)}`,
    nothing: 'It was over already.',
  },
}
