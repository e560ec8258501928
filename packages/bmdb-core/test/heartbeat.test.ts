import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Heartbeat, marginMs, type BeatInFlight, type Refusal } from '../src/beat/heartbeat.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

interface Held {
  readonly held: string
}

interface Sent {
  readonly at: number
  readonly late: boolean
  answer(): void
  refuse(reason?: Refusal): void
  fail(error?: Error): void
}

/** A heartbeat of `intervalMs` whose beats are answered by hand, or by `automatic`. Time begins at zero. */
function heartbeat(intervalMs: number, automatic?: (sent: Sent, index: number) => void) {
  const zero = performance.now()
  // To ten milliseconds: a pause of nothing takes a timer one.
  const now = (): number => Math.round((performance.now() - zero) / 10) * 10
  const sent: Sent[] = []
  const acknowledged: { at: number; slackMs: number }[] = []
  const failed: unknown[] = []
  const lost: { at: number; reason: string }[] = []
  const send = (): BeatInFlight<Held> => {
    let settle!: { resolve: (value: Held | Refusal) => void; reject: (error: Error) => void }
    const answer = new Promise<Held | Refusal>((resolve, reject) => (settle = { resolve, reject }))
    const one = {
      at: now(),
      late: false,
      answer: () => settle.resolve({ held: 'all' }),
      refuse: (reason: Refusal = 'deleted') => settle.resolve(reason),
      fail: (error = new Error('cut')) => settle.reject(error),
    }
    sent.push(one)
    automatic?.(one, sent.length - 1)
    return { answer, late: () => (one.late = true) }
  }
  const beating = new Heartbeat<Held>(
    {
      intervalMs,
      send,
      onAcknowledged: (_answer, slackMs) => acknowledged.push({ at: now(), slackMs }),
      onFailed: (error) => failed.push(error),
      onLost: (reason) => lost.push({ at: now(), reason }),
    },
    zero,
  )
  beating.start()
  return { beating, sent, acknowledged, failed, lost, now, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) }
}

const answered = (sent: Sent): void => sent.answer()

describe('promise 3 and 13: the heartbeat', () => {
  test('the margin is 200 ms, or a tenth of the interval if that is more', () => {
    expect([1_000, 2_000, 5_000, 3_600_000].map(marginMs)).toEqual([200, 200, 500, 360_000])
  })

  test('beats every third of the interval, for as long as it is answered', async () => {
    const { beating, sent, acknowledged, lost, pass } = heartbeat(3_000, answered)
    await pass(30_500)
    expect(sent.map(({ at }) => Math.round(at))).toEqual(Array.from({ length: 30 }, (_, i) => (i + 1) * 1_000))
    expect(acknowledged).toHaveLength(30)
    expect(acknowledged[0]).toMatchObject({ slackMs: 1_700 })
    expect(lost).toEqual([])
    expect(beating.remainingMs()).toBe(2_200)
  })

  test('the deadline counts from before the beat was sent, not from its answer', async () => {
    const { beating, sent, pass } = heartbeat(3_000)
    await pass(1_000)
    expect(beating.remainingMs()).toBe(1_700)
    await pass(900)
    sent[0]!.answer()
    await pass(0)
    expect(beating.remainingMs()).toBe(1_000 + 2_700 - 1_900)
  })

  test('a beat takes its answer’s time out of the pause before the next', async () => {
    const { sent, pass } = heartbeat(3_000)
    await pass(1_000)
    await pass(800)
    sent[0]!.answer()
    await pass(200)
    expect(sent.map(({ at }) => at)).toEqual([1_000, 2_000])
  })

  test('is lost at the deadline when no beat is answered, once', async () => {
    const { beating, sent, failed, lost, pass } = heartbeat(3_000)
    await pass(60_000)
    expect(lost).toEqual([{ at: 2_700, reason: 'deadline' }])
    expect(beating.remainingMs()).toBe(0)
    expect(sent.map(({ at }) => at)).toEqual([1_000, 2_000])
    expect(sent[0]!.late).toBe(true)
    expect(failed.length).toBeGreaterThanOrEqual(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is lost at the deadline when every beat fails, and tries again and again until then', async () => {
    const { sent, failed, lost, pass } = heartbeat(3_000, (one) => one.fail())
    await pass(60_000)
    expect(lost).toEqual([{ at: 2_700, reason: 'deadline' }])
    expect(sent.length).toBeGreaterThan(10)
    expect(failed).toHaveLength(sent.length)
  })

  test('is lost at the deadline when sending throws', async () => {
    const { lost, failed, pass } = heartbeat(1_000, () => {
      throw new Error('no line')
    })
    await pass(5_000)
    expect(lost).toEqual([{ at: 800, reason: 'deadline' }])
    expect(failed.length).toBeGreaterThan(5)
  })

  test('a single beat that fails is sent again at once, and loses nothing', async () => {
    const { sent, lost, pass } = heartbeat(3_000, (one, index) => (index === 0 ? one.fail() : one.answer()))
    await pass(10_000)
    expect(sent[0]!.at).toBe(1_000)
    expect(sent[1]!.at).toBeLessThanOrEqual(1_150)
    expect(lost).toEqual([])
  })

  test('a beat that is late is left under way while the next goes another way', async () => {
    const { sent, acknowledged, lost, pass } = heartbeat(3_000, (one, index) => index > 0 && one.answer())
    await pass(2_010)
    expect(sent[0]!.late).toBe(true)
    expect(sent[1]!.at).toBe(2_000)
    await pass(10_000)
    expect(lost).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(8)
  })

  test('an answer that comes late still counts, from when its beat was sent, and never backwards', async () => {
    const { beating, sent, lost, pass } = heartbeat(3_000)
    await pass(2_100)
    sent[0]!.answer()
    await pass(0)
    expect(beating.remainingMs()).toBe(1_000 + 2_700 - 2_100)
    sent[1]!.answer()
    await pass(900)
    expect(Math.abs(beating.remainingMs() - (2_000 + 2_700 - 3_000))).toBeLessThanOrEqual(1)
    expect(lost).toEqual([])
  })

  test('answers that overtake each other never move the deadline back', async () => {
    const { beating, sent, pass } = heartbeat(3_000)
    await pass(2_100)
    sent[1]!.answer()
    await pass(0)
    const remaining = beating.remainingMs()
    sent[0]!.answer()
    await pass(0)
    expect(beating.remainingMs()).toBe(remaining)
  })

  test('every other beat is enough', async () => {
    const { lost, acknowledged, pass } = heartbeat(3_000, (one, index) => {
      if (index % 2 === 1) one.answer()
    })
    await pass(60_000)
    expect(lost).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(15)
  })

  test.each(['deleted', 'deadline'] as const)('a beat that is refused (%s) ends it at once', async (reason) => {
    const { sent, lost, pass } = heartbeat(3_000, (one, index) => (index === 1 ? one.refuse(reason) : one.answer()))
    await pass(60_000)
    expect(lost).toEqual([{ at: 2_000, reason }])
    expect(sent).toHaveLength(2)
  })

  test('an answer that comes after the deadline revives nothing, even before the timer ran', async () => {
    const { beating, sent, lost, acknowledged, pass } = heartbeat(3_000)
    await pass(1_000)
    // The program is frozen: time goes on, and no timer runs.
    const frozen = performance.now() + 10_000
    vi.spyOn(performance, 'now').mockReturnValue(frozen)
    sent[0]!.answer()
    await Promise.resolve()
    await Promise.resolve()
    expect(beating.remainingMs()).toBe(0)
    expect(lost.map(({ reason }) => reason)).toEqual(['deadline'])
    expect(acknowledged).toEqual([])
  })

  test('a wall clock that jumps changes nothing', async () => {
    const { beating, lost, pass } = heartbeat(3_000, answered)
    await pass(1_500)
    for (const jump of [-86_400_000, 86_400_000]) {
      vi.setSystemTime(Date.now() + jump)
      expect(beating.remainingMs()).toBe(2_200)
    }
    await pass(10_000)
    expect(lost).toEqual([])
  })

  test('stop ends every wait at once; nothing is sent or reported afterwards', async () => {
    const { beating, sent, lost, failed, acknowledged, pass } = heartbeat(3_000)
    await pass(1_000)
    const stopping = beating.stop()
    sent[0]!.fail()
    await pass(0)
    await stopping
    await beating.stop()
    await pass(60_000)
    expect(sent).toHaveLength(1)
    expect([...lost, ...failed, ...acknowledged]).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('stop in the pause between beats ends at once', async () => {
    const { beating, sent, pass } = heartbeat(3_600_000, answered)
    await pass(1_200_000)
    await beating.stop()
    expect(sent).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('an answer that comes after stop is ignored', async () => {
    const { beating, sent, acknowledged, lost, pass } = heartbeat(3_000)
    await pass(1_000)
    const stopping = beating.stop()
    sent[0]!.refuse()
    await stopping
    await pass(10_000)
    expect([...acknowledged, ...lost]).toEqual([])
  })
})
