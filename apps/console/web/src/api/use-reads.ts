import type { Explanation, MachineDetails, MachineFilters, Me, Overview, Throughput } from '@bmdb/api/contract'
import { useInfiniteQuery, useQuery, type UseQueryResult } from '@tanstack/react-query'
import {
  readExplanations,
  readList,
  readMachine,
  readMachineFilters,
  readMe,
  readOverview,
  readSession,
  readThroughput,
  type Lists,
  type SessionDetails,
} from './reads.ts'

export function useMe(): UseQueryResult<Me> {
  return useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal), refetchInterval: 60_000 })
}

export function useOverview(): UseQueryResult<Overview> {
  return useQuery({ queryKey: ['overview'], queryFn: ({ signal }) => readOverview(signal), refetchInterval: 5_000 })
}

export function useThroughput(hours: number, process?: string): UseQueryResult<Throughput> {
  return useQuery({
    queryKey: ['throughput', hours, process],
    queryFn: ({ signal }) => readThroughput(hours, process, signal),
    refetchInterval: 10_000,
  })
}

export function useMachineFilters(): UseQueryResult<MachineFilters> {
  return useQuery({
    queryKey: ['machine-filters'],
    queryFn: ({ signal }) => readMachineFilters(signal),
    staleTime: 60_000,
    refetchInterval: 60_000,
  })
}

export function useMachine(id: string): UseQueryResult<MachineDetails> {
  return useQuery({ queryKey: ['machine', id], queryFn: ({ signal }) => readMachine(id, signal) })
}

export function useExplanations(id: string): UseQueryResult<Explanation[]> {
  return useQuery({ queryKey: ['explanations', id], queryFn: ({ signal }) => readExplanations(id, signal) })
}

export function useSession(id: string): UseQueryResult<SessionDetails> {
  return useQuery({ queryKey: ['session', id], queryFn: ({ signal }) => readSession(id, signal) })
}

/** A list, part by part. */
export function useList<Name extends keyof Lists>(name: Name, query: Lists[Name]['query']) {
  return useInfiniteQuery({
    queryKey: ['list', name, query],
    queryFn: ({ pageParam, signal }) =>
      readList(name, pageParam === null ? query : { ...query, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
}
