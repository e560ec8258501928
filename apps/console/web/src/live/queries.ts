import { QueryClient, type Query } from '@tanstack/react-query'
import { ProblemError } from '../api/problem.ts'
import { liveStream } from './live.ts'

/** Longer lists are read anew only every so often: all their parts have to be. */
const longListEveryMs = 10_000
const longListParts = 3
const changeEveryMs = 1_000

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      refetchInterval: 8_000,
      // The stream tells when it is time.
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      // Whether the network is there is seen by its answers.
      networkMode: 'always',
      retry: (failures, error) => failures < 1 && error instanceof ProblemError && error.status >= 500,
    },
  },
})

/** Keeps what is shown live: read anew when something changed, at most once a second, and dropped when it is lost. */
export function followLive(): void {
  let due: number | undefined
  liveStream.onChange = () => {
    due ??= window.setTimeout(() => {
      due = undefined
      // What is under way goes on: on a busy fleet a slow answer would never arrive otherwise.
      if (!document.hidden) void queryClient.invalidateQueries({ predicate: isDue }, { cancelRefetch: false })
    }, changeEveryMs)
  }
  // An answer under way may be of before.
  liveStream.onLost = () => void queryClient.cancelQueries()
  liveStream.onBack = readAgain
  liveStream.start()
}

/** Reads all that is shown anew, now: something was done. */
export function readAgain(): void {
  void queryClient.invalidateQueries()
}

function isDue({ state, queryKey }: Query): boolean {
  if (queryKey[0] === 'me' || queryKey[0] === 'machine-filters') return false
  const { pages } = (state.data ?? {}) as { pages?: unknown[] }
  return (pages?.length ?? 0) <= longListParts || Date.now() - state.dataUpdatedAt > longListEveryMs
}
