import { describe, expect, test } from 'vitest'
import { figuresOf } from './figures.ts'

const late = (...delaysMs: number[]) =>
  figuresOf(delaysMs.map((delayMs) => ({ machineId: 'one', aliveMs: 1_000, delayMs })))

describe('the figures of takeovers', () => {
  test('tell the median, the slowest and the earliest', () => {
    expect(late(300, 100, 200)).toEqual({
      takeovers: 3,
      medianMs: 200,
      slowestMs: 300,
      earliestMs: 100,
      withinLimit: true,
    })
    expect(late(400, 100, 200, 300).medianMs).toBe(250)
  })

  test('are good up to a second after the deadline, and never before it', () => {
    expect(late(0, 1_000).withinLimit).toBe(true)
    expect(late(0, 1_000.1).withinLimit).toBe(false)
    expect(late(-0.1, 10).withinLimit).toBe(false)
  })
})
