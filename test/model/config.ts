import process from 'node:process'

/** Random sequences that are run on the database; the model alone is run with twenty times as many. Default 50. */
export const databaseRuns = wholeNumber('BMDB_MODEL_RUNS', 50, 1, 100_000)

export const modelRuns = databaseRuns * 20

/** What the sequences are made from: the same seed makes the same ones. Default: another one each time. */
export const seed = wholeNumber('BMDB_MODEL_SEED', Math.floor(Math.random() * 2 ** 31), -(2 ** 31), 2 ** 31 - 1)

function wholeNumber(name: string, otherwise: number, from: number, to: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return otherwise
  const value = Number(text)
  if (!Number.isInteger(value) || value < from || value > to)
    throw new Error(`${name} is ${JSON.stringify(text)}; it must be a whole number from ${from} to ${to}`)
  return value
}
