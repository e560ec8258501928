import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { PrismaClient } from './generated/prisma/client.ts'

export { PrismaClient, Prisma } from './generated/prisma/client.ts'

/** BMDB's own client. The only file that imports the generated code. */
export function newPrismaClient(adapter: SqlDriverAdapterFactory): PrismaClient {
  return new PrismaClient({ adapter })
}
