import type { ServerError } from './wire/fault.ts'

/**
 * Errors as CockroachDB words them, to be made up by a proxy: for what a program makes of them can be tested on any
 * PostgreSQL. Programs should go by the SQLSTATE, never by the text.
 */
export const cockroachErrors = {
  /** 40001: nothing was committed, and the whole transaction is to be tried again. At a statement or at COMMIT. */
  restartTransaction: {
    sqlState: '40001',
    message:
      'restart transaction: TransactionRetryWithProtoRefreshError: TransactionRetryError: ' +
      'retry txn (RETRY_SERIALIZABLE - failed preemptive refresh)',
  },
  /** 40001 of the kind that the first writer's neighbour gets. */
  writeTooOld: {
    sqlState: '40001',
    message:
      'restart transaction: TransactionRetryWithProtoRefreshError: WriteTooOldError: write for key /Table/100/1 too old',
  },
  /** 40003: nobody knows whether it was committed. At COMMIT, or at a statement outside a transaction. */
  ambiguous: {
    sqlState: '40003',
    message:
      'result is ambiguous: error=rpc error: code = Unavailable desc = error reading from server: EOF [propagate]',
  },
  /** 57P01: the node shuts down, and with it the connection. */
  draining: { sqlState: '57P01', message: 'server is shutting down', severity: 'FATAL' },
  /** 57P01: the node that shuts down takes no new connections. */
  notAcceptingClients: {
    sqlState: '57P01',
    message: 'server is not accepting clients, try another node',
    severity: 'FATAL',
  },
  /** 53300: too many connections; this one is closed. */
  tooManyConnections: { sqlState: '53300', message: 'sorry, too many clients already', severity: 'FATAL' },
  /** 58C00: the data's replicas have lost their quorum. At COMMIT it says nothing of the outcome. */
  rangeUnavailable: {
    sqlState: '58C00',
    message: 'replica unavailable: (n1,s1):1 unable to serve request to r100:/Table/100/{1-2}: lost quorum',
  },
  /** 57014: a time limit of the server. At COMMIT it says nothing of the outcome, other than PostgreSQL's. */
  statementTimeout: { sqlState: '57014', message: 'query execution canceled due to statement timeout' },
} as const satisfies Record<string, ServerError>
