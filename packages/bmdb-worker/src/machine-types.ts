import type { MachineWhere, Prisma, PrismaClientLike } from '@bmdb/core'

type MachineArgs<Client> = Client extends { machine: { findFirst(args?: infer Args): unknown } }
  ? NonNullable<Args>
  : never

/** Which relations of a machine a process reads along, as Prisma's `include` has them. */
export type MachineInclude<Client> =
  MachineArgs<Client> extends { include?: infer Include } ? NonNullable<Include> : never

/** A machine with its scalar fields, and the relations that are included. */
export type MachineRow<Client, Include = object> = Client extends { machine: infer Model }
  ? Prisma.Result<Model, keyof Include extends never ? object : { include: Include }, 'findFirstOrThrow'>
  : never

/**
 * Which machines need a process: a Prisma `where` on machines as far as JSON can say it; or a condition in SQL on `m`, the
 * row of `machines`, for what that cannot say. The SQL becomes part of statements as it stands: never put into it what
 * comes from outside the program.
 */
export type Eligible<Client extends PrismaClientLike> = MachineWhere<Client> | { readonly sql: string }
