import { gate } from '@bmdb/testing'
import { describe, expect, test } from 'vitest'
import { Refreshed } from '../src/fleet/refreshed.ts'
import { eventually } from './setup.ts'

const wait = { timeoutMs: 5_000 }

/** Something to make, each time under a gate: the n-th is let through by `let(n)`. */
function making() {
  const gates = Array.from({ length: 10 }, () => gate())
  let begun = 0
  return {
    gates,
    get begun() {
      return begun
    },
    compute: async () => {
      begun += 1
      const number = begun
      await gates[number - 1]!.opened
      return number
    },
    let: (number: number) => gates[number - 1]!.open(),
  }
}

describe('a value that is made anew in the background', () => {
  test('is made once for all who wait for the first one', async () => {
    const made = making()
    const value = new Refreshed({ compute: made.compute })
    const asked = [value.get(wait), value.get(wait), value.get(wait)]
    made.let(1)
    expect(await Promise.all(asked)).toEqual([1, 1, 1])
    expect(await value.get(wait)).toBe(1)
    expect(made.begun).toBe(1)
  })

  test('is served as it was while a newer one is made, once it is not new any more', async () => {
    const made = making()
    const value = new Refreshed({ compute: made.compute, newForMs: 0 })
    made.let(1)
    await value.get(wait)
    await eventually('a second one is made', async () => {
      expect(await value.get(wait)).toBe(1)
      return made.begun === 2
    })
    expect(await value.get(wait)).toBe(1)
    expect(made.begun).toBe(2)
    made.let(2)
    await eventually('it is served', async () => (await value.get(wait)) === 2)
    value.close()
  })

  test('is new for twenty times as long as it took', async () => {
    let made = 0
    const value = new Refreshed({
      newForMs: 0,
      compute: async () => {
        await new Promise((resolve) => setTimeout(resolve, 50))
        return (made += 1)
      },
    })
    await value.get(wait)
    const beganMs = performance.now()
    await eventually('a second one', async () => (await value.get(wait)) === 2)
    expect(performance.now() - beganMs).toBeGreaterThan(900)
  })

  test('is not waited for any longer than whoever asks has time', async () => {
    const value = new Refreshed({ compute: () => new Promise<number>(() => {}) })
    await expect(value.get({ timeoutMs: 20 })).rejects.toMatchObject({ statusCode: 504 })
    const gone = new AbortController()
    const asked = value.get({ timeoutMs: 5_000, signal: gone.signal })
    gone.abort(new Error('gone'))
    await expect(asked).rejects.toThrow('gone')
    value.close()
  })

  test('outlives a failure while it is young, and is tried again by the next who asks', async () => {
    let fails = false
    let tries = 0
    const failures: unknown[] = []
    const value = new Refreshed({
      newForMs: 0,
      servedForMs: 100,
      onFailure: (error) => failures.push(error),
      compute: async () => {
        tries += 1
        if (fails) throw new Error(`failure ${tries}`)
        return tries
      },
    })
    expect(await value.get(wait)).toBe(1)
    fails = true
    await eventually('it failed', async () => {
      expect(await value.get(wait)).toBe(1)
      return failures.length > 0
    })
    await eventually('the value is too old', () =>
      value.get(wait).then(
        () => false,
        () => true,
      ),
    )
    fails = false
    expect(await value.get(wait)).toBeGreaterThan(2)
  })

  test('knows of what happened before it was asked for, where it is quickly made', async () => {
    let state = 'before'
    let changes = 0
    const value = new Refreshed({ compute: async () => state, onChange: () => (changes += 1) })
    expect(await value.get(wait)).toBe('before')
    state = 'after'
    expect(await value.get(wait)).toBe('before')
    value.soon()
    expect(await value.get(wait)).toBe('after')
    expect(changes).toBe(1)
  })

  test('is not taken from what was begun before something happened', async () => {
    const made = making()
    const value = new Refreshed({ compute: made.compute })
    const early = value.get(wait)
    value.soon()
    const late = value.get(wait)
    made.let(1)
    expect(await early).toBe(1)
    made.let(2)
    expect(await late).toBe(2)
  })

  test('is made anew without being asked for after something happened, but not if nobody ever asked', async () => {
    const made = making()
    const value = new Refreshed({ compute: made.compute })
    value.soon()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(made.begun).toBe(0)
    made.let(1)
    await value.get(wait)
    value.soon()
    await eventually('it is made', () => made.begun === 2)
    value.close()
    value.close()
  })

  test('gives up when it is closed', async () => {
    const value = new Refreshed({
      compute: (signal) =>
        new Promise<number>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    })
    const asked = value.get(wait)
    value.close()
    await expect(asked).rejects.toThrow('closed')
  })
})
