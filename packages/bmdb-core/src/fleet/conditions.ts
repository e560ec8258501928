/** Conditions of a list, and the values they name. */
export class Conditions {
  /** Those that an index answers. */
  readonly indexed: string[] = []
  /** Those for which rows have to be looked at. */
  readonly scanned: string[] = []
  readonly values: unknown[] = []

  byIndex(condition: string): void {
    this.indexed.push(condition)
  }

  byScan(condition: string): void {
    this.scanned.push(condition)
  }

  /** @returns the parameter that stands for the value */
  value(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  /** @returns the parameter that stands for a pattern: the text, wherever it stands; or at the beginning only */
  pattern(text: string, place: 'anywhere' | 'beginning'): string {
    const escaped = text.replaceAll(/[\\%_]/g, String.raw`\$&`)
    return this.value(`${place === 'anywhere' ? '%' : ''}${escaped}%`)
  }
}
