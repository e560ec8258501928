/** Letters, digits and what names and addresses of people have in them; no commas, quotes or control characters. */
const name = /^[A-Za-z0-9](?:[A-Za-z0-9 ._@+:/\\|-]{0,126}[A-Za-z0-9])?$/

/** Whether it can be the name of somebody who asks: 1 to 128 plain characters. */
export function isName(text: string): boolean {
  return name.test(text)
}

/** Reads names with commas in between; undefined if one of them is none. */
export function parseNames(text: string): readonly string[] | undefined {
  const names = text.split(',').map((one) => one.trim())
  return names.every(isName) ? names : undefined
}
