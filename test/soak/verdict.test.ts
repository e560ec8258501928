import { describe, expect, test } from 'vitest'
import type { Ledger, Mark } from './ledger.ts'
import { plan, faultKinds } from './plan.ts'
import type { Note } from './records.ts'
import { judge, type Evidence } from './verdict.ts'

const machineId = 'machine'

function mark(count: number, token: number, more: Partial<Mark> = {}): Mark {
  return { incrementId: `${count}`, machineId, token: BigInt(token), kind: 'transact', count, atMs: count, ...more }
}

function row(event: string, token: number, atMs: number) {
  return { machineId, process: 'Soak', event, token: BigInt(token), sessionId: `s${token}`, atMs }
}

/** Two holders, one after the other: all is well, unless something of it is put otherwise. */
function evidence(ledger: Partial<Ledger> = {}, notes: readonly Note[] = [], more: Partial<Evidence> = {}): Evidence {
  const claimed = (token: string, fromNs: string, toNs: string): Note[] => [
    { is: 'claimed', machineId, token, ns: fromNs },
    { is: 'stopped', machineId, token, ns: toNs },
  ]
  return {
    records: new Map([
      ['one', [...claimed('1', '0', '30'), ...notes]],
      ['two', claimed('2', '40', '50')],
    ]),
    outside: [],
    ledger: {
      machineIds: [machineId],
      marks: [mark(1, 1), mark(2, 1), mark(3, 2, { atMs: 60, kind: 'finish' })],
      counters: new Map([[machineId, 3]]),
      journal: [row('Started', 1, 0), row('Expired', 1, 30), row('Started', 2, 40), row('Finished', 2, 50)],
      deadlines: new Map([['s1', 29]]),
      leftWork: 0,
      ...ledger,
    },
    happenings: { pauses: [], outages: [], crashes: [] },
    clockErrorMs: 0,
    ...more,
  }
}

const kinds = (one: Evidence): string[] => judge(one).map(({ kind }) => kind)
const told = (id: string, outcome: 'committed' | 'unknown' | 'failed'): Note => ({ is: 'told', id, outcome })

describe('the verdict of a soak', () => {
  test('is good where all is well, whatever became of what nobody could tell', () => {
    const notes = [told('1', 'committed'), told('2', 'unknown'), told('9', 'unknown'), told('8', 'failed')]
    expect(judge(evidence({}, notes))).toEqual([])
  })

  test.each<[string, Evidence, string]>([
    ['an increment that was reported as done and is not', evidence({}, [told('9', 'committed')]), 'lost'],
    ['one that was reported as failed and is done', evidence({}, [told('1', 'failed')]), 'doubled'],
    ['a counter that is behind', evidence({ counters: new Map([[machineId, 2]]) }), 'lost'],
    [
      'one that was committed twice',
      evidence({
        marks: [mark(1, 1), mark(2, 1, { incrementId: '1' })],
        counters: new Map([[machineId, 2]]),
      }),
      'doubled',
    ],
    [
      'a write after the work was lost',
      evidence({ marks: [mark(1, 1, { atMs: 31 })], counters: new Map([[machineId, 1]]) }),
      'write-after-loss',
    ],
    [
      'a finish of work that ended otherwise',
      evidence({ marks: [mark(1, 1, { kind: 'finish' })], counters: new Map([[machineId, 1]]) }),
      'write-after-loss',
    ],
    [
      'an older token after a newer one',
      evidence({ marks: [mark(1, 2), mark(2, 1)], counters: new Map([[machineId, 2]]) }),
      'write-after-loss',
    ],
    ['an end before the deadline', evidence({ deadlines: new Map([['s1', 31]]) }), 'early-takeover'],
    [
      'a token that did not grow',
      evidence({
        journal: [row('Started', 2, 40), row('Finished', 2, 50), row('Started', 1, 60), row('Finished', 1, 70)],
        marks: [mark(1, 1)],
        counters: new Map([[machineId, 1]]),
      }),
      'token',
    ],
    ['two who hold', evidence({}, [{ is: 'claimed', machineId, token: '3', ns: '45' }]), 'overlap'],
    ['an error that nothing explains', evidence({}, [{ is: 'unexpected', error: 'TypeError' }]), 'unexpected-error'],
    ['a lock that is left', evidence({ leftWork: 1 }), 'left-lock'],
    ['nothing done', evidence({ marks: [], counters: new Map([[machineId, 0]]) }), 'nothing-done'],
    [
      'a crash',
      evidence({}, [], { happenings: { pauses: [], outages: [], crashes: ['it ended by itself'] } }),
      'crash',
    ],
  ])('convicts %s', (_, one, kind) => {
    expect(kinds(one)).toEqual([kind])
  })

  test('acquits of what a holder did not know while it was stopped', () => {
    const late: Note[] = [{ is: 'claimed', machineId, token: '3', ns: '45' }]
    const pauses = [{ holder: 'one', fromNs: 44n, toNs: 100n }]
    expect(judge(evidence({}, late, { happenings: { pauses, outages: [], crashes: [] } }))).toEqual([])
  })
})

test('the faults are the same ones for the same seed, each kind at first, and one at least every 1.3 s', () => {
  const some = (seed: number) => {
    const faults = plan(seed)
    return Array.from({ length: 200 }, () => faults.next().value)
  }
  expect(some(7)).toEqual(some(7))
  expect(some(7)).not.toEqual(some(8))
  expect(new Set(some(7).map(({ kind }) => kind))).toEqual(new Set(faultKinds))
  for (const { afterMs } of some(7)) expect(afterMs).toBeLessThanOrEqual(1_300)
})
