/** The name of the kind of work that is held and taken over. */
export const processName = 'Takeover'

/** What a holder is told to do. */
export interface HolderOrders {
  readonly databaseUrl: string
  readonly machineId: string
  readonly intervalSeconds: number
}

/** What a holder tells once it holds its machine. */
export interface HolderReport {
  readonly sessionId: string
}

/** What a claimant is told to do. */
export interface ClaimantOrders {
  readonly databaseUrl: string
  readonly pollMs: number
}

/** What a claimant tells once it looks for machines. */
export interface ClaimantReport {
  readonly sessionId: string
}
