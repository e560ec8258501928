const here = 'http://console.invalid'

/** Where to go after the login: a path of the console; `/` where what was asked for leads elsewhere, or round in circles. */
export function nextPath(asked: unknown): string {
  if (typeof asked !== 'string' || asked.length > 2_000 || !asked.startsWith('/')) return '/'
  if (!URL.canParse(asked, here)) return '/'
  const { origin, pathname, search, hash } = new URL(asked, here)
  // What begins with two slashes is another host, however it came to be so.
  if (origin !== here || pathname.startsWith('//') || /^\/(login|logout|api)(\/|$)/.test(pathname)) return '/'
  return `${pathname}${search}${hash}`
}
