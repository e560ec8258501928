/** How a flag is typed: `intervalSeconds` is `--interval-seconds`. */
export function flagName(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
