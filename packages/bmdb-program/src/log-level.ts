/** From the fewest lines to the most. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const

/** How much a program logs. */
export type LogLevel = (typeof logLevels)[number]
