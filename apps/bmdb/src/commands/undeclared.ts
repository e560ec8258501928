import type { Connection, PrismaClient, WaitOptions } from '@bmdb/core'
import type { Output } from '../output/output.ts'

/** Says besides the result that nobody declared the process: its name may be a slip. */
export async function noteUndeclared(
  output: Output,
  connection: Connection<PrismaClient>,
  process: string,
  wait: WaitOptions,
): Promise<void> {
  const processes = await connection.fleet.processes(wait)
  const declared = processes.filter((one) => one.declaredBy !== null).map((one) => one.process)
  // Where nobody declares any, that says nothing of this one.
  if (declared.length === 0 || declared.includes(process)) return
  await output.note(`nobody has declared a process ${process} (declared: ${declared.join(', ')})`)
}
