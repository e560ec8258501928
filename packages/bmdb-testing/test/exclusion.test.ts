import { describe, expect, test } from 'vitest'
import { checkExclusion, type Hold, type JournalRow, type OutsideWrite, type Pause } from '../src/index.ts'

const lock = { machineId: 'm1', process: 'P' }
const ms = (value: number): bigint => BigInt(value) * 1_000_000n

function hold(holder: string, token: number, fromMs: number, toMs?: number): Hold {
  return { ...lock, holder, token: BigInt(token), fromNs: ms(fromMs), toNs: toMs === undefined ? undefined : ms(toMs) }
}

function pause(holder: string, fromMs: number, toMs?: number): Pause {
  return { holder, fromNs: ms(fromMs), toNs: toMs === undefined ? undefined : ms(toMs) }
}

function write(holder: string, token: number, atMs: number, accepted = true): OutsideWrite {
  return { ...lock, holder, token: BigInt(token), atNs: ms(atMs), accepted }
}

function journal(...rows: [event: string, token: number, sessionId: string][]): JournalRow[] {
  return rows.map(([event, token, sessionId]) => ({ ...lock, event, token: String(token), sessionId }))
}

const kinds = (observations: Parameters<typeof checkExclusion>[0]): string[] =>
  checkExclusion(observations).map((violation) => violation.kind)

describe('the windows of holders', () => {
  test('that follow each other are well, to the nanosecond', () => {
    expect(kinds({ holds: [hold('b', 2, 10, 20), hold('a', 1, 0, 10)] })).toEqual([])
    const late = { ...hold('a', 1, 0), toNs: ms(10) + 1n }
    expect(kinds({ holds: [late, hold('b', 2, 10, 20)] })).toEqual(['overlap'])
  })

  test('that overlap convict, whoever came first, and say who held what and when', () => {
    const [violation, ...more] = checkExclusion({ holds: [hold('b', 2, 5, 20), hold('a', 1, 0, 10)] })
    expect(violation).toMatchObject({ ...lock, kind: 'overlap', token: 2n })
    expect(violation!.message).toBe('a (token 1) and b (token 2) both held P of m1 at 5000000 ns')
    expect(more).toEqual([])
  })

  test('one inside another, and several at once, are each found', () => {
    expect(kinds({ holds: [hold('a', 1, 0, 100), hold('b', 2, 10, 20), hold('c', 3, 15, 30)] })).toHaveLength(3)
  })

  test('of other machines or other processes do not meet', () => {
    const a = hold('a', 1, 0, 10)
    expect(kinds({ holds: [a, { ...a, machineId: 'm2' }, { ...a, process: 'Q' }] })).toEqual([])
  })

  test('without an end go on for ever', () => {
    expect(kinds({ holds: [hold('a', 1, 0), hold('b', 2, 1_000, 1_001)] })).toEqual(['overlap'])
  })
})

describe('a holder that could do nothing', () => {
  const holds = [hold('a', 1, 0, 120), hold('b', 2, 50, 90)]

  test('is acquitted for as long as its program was stopped', () => {
    expect(kinds({ holds, pauses: [pause('a', 20, 110)], wakeUpMs: 20 })).toEqual([])
    expect(kinds({ holds, pauses: [pause('b', 20, 110)], wakeUpMs: 20 })).toEqual([])
  })

  test('is not acquitted by the pause of another, nor by one that came too late or ended too soon', () => {
    expect(kinds({ holds, pauses: [pause('c', 0, 1_000)], wakeUpMs: 20 })).toEqual(['overlap'])
    expect(kinds({ holds, pauses: [pause('a', 60, 110)], wakeUpMs: 20 })).toEqual(['overlap'])
    expect(kinds({ holds, pauses: [pause('a', 20, 60)], wakeUpMs: 20 })).toEqual(['overlap'])
  })

  test('that goes on for longer than it takes to wake up is convicted', () => {
    const went = [hold('a', 1, 0, 500), hold('b', 2, 50, 900)]
    expect(kinds({ holds: went, pauses: [pause('a', 20, 110)], wakeUpMs: 400 })).toEqual([])
    expect(kinds({ holds: went, pauses: [pause('a', 20, 110)], wakeUpMs: 300 })).toEqual(['overlap'])
  })

  test('that is dead holds nothing from then on', () => {
    expect(kinds({ holds: [hold('a', 1, 0), hold('b', 2, 50, 90)], pauses: [pause('a', 40)] })).toEqual([])
    expect(kinds({ holds: [hold('a', 1, 0), hold('b', 2, 50, 90)], pauses: [pause('a', 60)] })).toEqual(['overlap'])
  })
})

describe('what reached the outside', () => {
  test('convicts when an older token was accepted after a newer one', () => {
    const outside = [write('b', 2, 20), write('a', 1, 30)]
    const [violation] = checkExclusion({ holds: [], outside })
    expect(violation).toMatchObject({ kind: 'stale write', token: 1n })
    expect(violation!.message).toBe('a write of a with token 1 was accepted after one with token 2')
  })

  test('is well when the older token came first, came again, or was refused', () => {
    const outside = [write('a', 1, 10), write('b', 2, 20), write('b', 2, 25), write('a', 1, 30, false)]
    expect(kinds({ holds: [], outside })).toEqual([])
  })
})

describe('the journal', () => {
  test('is asked for one start and one end of each token, and none yet of the last', () => {
    const rows = journal(['Started', 1, 's1'], ['Expired', 1, 's1'], ['Started', 2, 's2'])
    expect(kinds({ holds: [], journal: rows })).toEqual([])
  })

  test.each([
    [
      'two starts',
      [
        ['Started', 1, 's1'],
        ['Started', 1, 's1'],
      ],
      ['start'],
    ],
    ['an end without a start', [['Finished', 1, 's1']], ['start']],
    [
      'two ends',
      [
        ['Started', 1, 's1'],
        ['Finished', 1, 's1'],
        ['Expired', 1, 's1'],
      ],
      ['end'],
    ],
    [
      'no end, and a later start',
      [
        ['Started', 1, 's1'],
        ['Started', 2, 's2'],
      ],
      ['end'],
    ],
    [
      'an end in another session',
      [
        ['Started', 1, 's1'],
        ['Finished', 1, 's2'],
      ],
      ['other session'],
    ],
  ] as [string, [string, number, string][], string[]][])('convicts for %s', (_what, rows, expected) => {
    expect(kinds({ holds: [], journal: journal(...rows) })).toEqual(expected)
  })
})
