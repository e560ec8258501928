import { expect, test } from 'vitest'
import { judge, type Held, type Rules } from './holds.ts'

const rules: Rules = { conflicts: [['A', 'B']], limits: { C: 1 }, rackOf: (machine) => machine[0]! }

function held(process: string, machine: string, from: number, to: number): Held {
  return { process, machine, token: '1', holder: 'h', way: 'w', fromNs: BigInt(from), toNs: BigInt(to) }
}

test.each([
  ['two processes in conflict at the same time', [held('A', 'a1', 0, 10), held('B', 'a1', 9, 20)]],
  ['one within the other', [held('B', 'a1', 0, 30), held('C', 'a1', 1, 2), held('A', 'a1', 20, 21)]],
  ['one process twice', [held('A', 'a1', 0, 10), held('A', 'a1', 5, 20)]],
  ['one too many in a rack', [held('C', 'a1', 0, 10), held('C', 'a2', 9, 20)]],
])('%s is found', (_name, holds) => expect(judge(holds, rules)).toHaveLength(1))

test.each([
  ['one after the other', [held('A', 'a1', 0, 10), held('B', 'a1', 10, 20), held('A', 'a1', 20, 30)]],
  ['on different machines', [held('A', 'a1', 0, 10), held('B', 'a2', 5, 20)]],
  ['without a conflict', [held('A', 'a1', 0, 10), held('C', 'a1', 5, 20)]],
  ['in different racks', [held('C', 'a1', 0, 10), held('C', 'b1', 5, 20), held('C', 'a2', 10, 12)]],
])('%s is all right', (_name, holds) => expect(judge(holds, rules)).toEqual([]))
