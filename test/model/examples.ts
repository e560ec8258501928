// The interleavings that matter most: they must not be left to chance.
import type { Operation } from './operations.ts'

const claim = (slot: 'A' | 'B', limit = 1): Operation => ({
  do: 'startWork',
  slot,
  process: 'P',
  machines: [0, 1],
  limit,
  ignoreBackoff: false,
})
const goOn: Operation = { do: 'go on', which: 0 }
const transact: Operation = { do: 'transact', slot: 'A', machine: 0, open: true }
const workTransact: Operation = { do: 'work.transact', work: 0, open: true }
const finish: Operation = { do: 'finish', work: 0, how: 'open' }
const expire: Operation = { do: 'let session expire', slot: 'A' }
const remove: Operation = { do: 'delete session by force', slot: 'A' }
const release: Operation = { do: 'release work by force', machine: 0, process: 'P' }
const sweep: Operation = { do: 'sweep' }

const look: Operation = { do: 'startWork of what is claimable', slot: 'A', process: 'P', limit: 1, open: true }
const expireB: Operation = { do: 'let session expire', slot: 'B' }
const start: Operation = { do: 'start session', slot: 'A' }
const write: Operation = { do: 'work.transact', work: 0, open: false }
const finishAtOnce: Operation = { do: 'finish', work: 0, how: 'with a write' }
const fail: Operation = { do: 'fail', work: 0, exponent: 2 }

export const examples: Readonly<Record<string, readonly Operation[]>> = {
  'an operator meets the lock of an open transact': [transact, remove, goOn, remove],
  'an operator meets the locks of open transactions of work': [
    ...[claim('A'), workTransact, release, remove, goOn],
    ...[finish, release, goOn],
  ],
  'a takeover from the middle of transact': [claim('A'), transact, expire, claim('B'), goOn],
  'a takeover from the middle of work.transact': [claim('A', 2), workTransact, expire, claim('B', 2), goOn],
  'a takeover from the middle of finish': [claim('A'), finish, expire, claim('B'), goOn, write],
  'a sweep in the middle of work.transact': [claim('A'), workTransact, expire, sweep, claim('B'), goOn],
  'an expired session meets its own work': [claim('A'), transact, expire, claim('A'), goOn, claim('B')],
  'one that was swept and does not know': [claim('A'), expire, sweep, write, start, claim('A')],
  'work that was taken from a session that lives on': [claim('A'), release, fail, claim('B'), fail],
  'somebody claims and finishes while another looks': [look, claim('B'), finishAtOnce, goOn],
  'one who expired finishes while another looks': [claim('B'), expireB, look, finishAtOnce, goOn],
}
