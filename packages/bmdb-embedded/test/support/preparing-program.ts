// A program that begins to prepare the template "forever" and never ends.
import { throwAwayDatabases } from '../../src/index.ts'
import { query } from './query.ts'

await throwAwayDatabases({
  directory: process.argv[2] ?? '',
  durable: false,
  template: {
    name: 'forever',
    prepare: async (url) => {
      await query(url, 'CREATE TABLE a (id INT4)')
      process.send?.('half way')
      await new Promise(() => undefined)
    },
  },
})
