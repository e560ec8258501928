import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { databaseRuns, modelRuns, seed } from './config.ts'
import { DatabaseRun } from './database-run.ts'
import { examples } from './examples.ts'
import { runOnModel } from './model-run.ts'
import { sequences, shown, type Operation } from './operations.ts'
import { startPrograms, type Programs } from './programs.ts'
import { rules, type Rules } from './rules.ts'

/** How long shrinking may take, on the one clock that the programs do not share. */
const shrinkNs = 60_000_000_000n

describe('the model', () => {
  test('keeps its promises in every interleaving', { timeout: 20_000 + modelRuns * 10 }, async () => {
    await everySequence(modelRuns, async (operations) => {
      runOnModel(operations)
      // The program has other things to do as well.
      await setImmediate()
    })
  })

  // Each gets one decision wrong. An invariant that cannot fail would say nothing.
  const wrong: Record<string, { readonly rules: Partial<Rules>; readonly says: RegExp }> = {
    'a takeover that leaves the old holder its work': {
      rules: { endedWith: () => [] },
      says: /two holders|held by nobody/,
    },
    'a takeover of the living': { rules: { mayBeTakenOver: () => true }, says: /although it was alive/ },
    'a session that is gone and commits': { rules: { mayTransact: () => true }, says: /after it was gone/ },
    'work that is gone and is finished': {
      rules: { stillHolds: () => true },
      says: /after it was gone|had ended|without being held/,
    },
    'a guard that only reads': {
      rules: { isInTheWay: () => false },
      says: /after it was gone|had ended|without being held/,
    },
    'a token that is used again': {
      rules: { nextToken: (last) => Math.max(1, last) },
      says: /started as 1 after 1/,
    },
    'a token that starts again': { rules: { nextToken: (last) => (last % 2) + 1 }, says: /fell/ },
  }
  test.each(Object.entries(wrong))('convicts %s, in a few operations', (_name, { rules: broken, says }) => {
    const details = fc.check(
      fc.property(sequences, (operations) => runOnModel(operations, { ...rules, ...broken })),
      { seed, numRuns: 2_000 },
    )
    expect(String(details.errorInstance)).toMatch(says)
    expect(details.counterexample?.[0].length).toBeLessThanOrEqual(10)
  })
})

describe('promises 1, 2, 4, 8 and 9: the database does what the model does', () => {
  test('in the interleavings that matter most', async () => {
    await withPrograms(async (programs) => {
      for (const [name, operations] of Object.entries(examples))
        await new DatabaseRun(programs).run(operations).catch((error: unknown) => {
          throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
        })
    })
  })

  test('whatever two programs do on two machines', { timeout: 180_000 + databaseRuns * 1_000 }, async () => {
    await withPrograms((programs) =>
      everySequence(databaseRuns, (operations) => new DatabaseRun(programs).run(operations)),
    )
  })
})

async function withPrograms(run: (programs: Programs) => Promise<void>): Promise<void> {
  const programs = await startPrograms()
  try {
    await run(programs)
  } finally {
    await programs.close()
  }
}

/** Runs random sequences; a failure shows the shortest one that still fails, and how to see it again. */
async function everySequence(runs: number, run: (operations: readonly Operation[]) => Promise<void>): Promise<void> {
  let failedAtNs: bigint | undefined
  const property = fc.asyncProperty(sequences, async (operations) => {
    // What is found after that is not shrunk any further.
    if (failedAtNs !== undefined && process.hrtime.bigint() > failedAtNs + shrinkNs) return
    try {
      await run(operations)
    } catch (error) {
      failedAtNs ??= process.hrtime.bigint()
      throw error
    }
  })
  const details = await fc.check(property, { seed, numRuns: runs })
  if (!details.failed) return
  const operations = details.counterexample?.[0] ?? []
  throw new Error(
    [
      `after ${details.numRuns} sequences and ${details.numShrinks} times made shorter:`,
      ...operations.map((operation, index) => `  ${index + 1} ${shown(operation)}`),
      (details.errorInstance as Error | null)?.message ?? 'it was interrupted',
      `again: BMDB_MODEL_SEED=${details.seed} BMDB_MODEL_RUNS=${databaseRuns} npx vitest run --project test test/model`,
    ].join('\n'),
    { cause: details.errorInstance },
  )
}
