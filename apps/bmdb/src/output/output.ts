import { getBorderCharacters, table } from 'table'
import type { TextStream } from '../io.ts'
import { shown, withoutControls, type Cell } from './shown.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly of: (row: Row) => Cell
}

/** The result of a command, on the standard output, and what there is to say besides, on the standard error. */
export class Output {
  /** The result is JSON. */
  readonly json: boolean
  readonly #stdout: TextStream
  readonly #stderr: TextStream
  /** Nobody reads the result any more: a pipe was closed. */
  #gone = false

  constructor(stdout: TextStream, stderr: TextStream, json: boolean) {
    this.#stdout = stdout
    this.#stderr = stderr
    this.json = json
  }

  /** The result, as JSON. */
  async value(value: unknown): Promise<void> {
    const bigintsAsText = (_key: string, one: unknown): unknown => (typeof one === 'bigint' ? String(one) : one)
    await this.#write(`${JSON.stringify(value, bigintsAsText, this.#stdout.isTTY === true ? 2 : undefined)}\n`)
  }

  /** A line of the result. */
  async line(text: string): Promise<void> {
    await this.#write(`${withoutControls(text)}\n`)
  }

  /** Rows: a table on a terminal, otherwise lines with tabs between the columns. */
  async rows<Row>(columns: readonly Column<Row>[], rows: readonly Row[], withTitles = true): Promise<void> {
    const cells = rows.map((row) => columns.map((column) => shown(column.of(row))))
    const all = withTitles ? [columns.map((column) => column.title), ...cells] : cells
    if (all.length === 0) return
    await this.#write(this.#stdout.isTTY === true ? asTable(all) : all.map((row) => `${row.join('\t')}\n`).join(''))
  }

  /** Says something besides the result. */
  async note(text: string): Promise<void> {
    await written(this.#stderr, `${withoutControls(text)}\n`)
  }

  async #write(text: string): Promise<void> {
    if (this.#gone) return
    if (!(await written(this.#stdout, text))) this.#gone = true
  }
}

function asTable(rows: string[][]): string {
  return table(rows, {
    border: getBorderCharacters('void'),
    columnDefault: { paddingLeft: 0, paddingRight: 2 },
    drawHorizontalLine: () => false,
  }).replaceAll(/ +$/gm, '')
}

/** Resolves with false if nobody takes it. */
function written(stream: TextStream, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    stream.write(text, (error) => resolve(error === undefined || error === null))
  })
}
