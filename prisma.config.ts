import { defineConfig } from 'prisma/config'

// Prisma's commands alone read this file: `prisma generate` (which needs no database) and `prisma studio` (which
// `nx run db:studio` starts with the right URL). Programs take theirs from flags and their own config.ts.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['BMDB_DATABASE_URL'] ?? 'postgresql://127.0.0.1:1/bmdb' },
})
