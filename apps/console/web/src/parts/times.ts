/** `14 s`, `3 min`, `2 h 5 min`, `3 d 4 h`: two units at most. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return `${minutes} min ${seconds % 60} s`
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 || days >= 30 ? `${days} d` : `${days} d ${hours % 24} h`
}

/** `12:03:11`, in local time; with its date where that is not the date of `nowMs`. */
export function localText(ms: number, nowMs: number): string {
  const time = new Date(ms)
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(':')
  if (time.toDateString() === new Date(nowMs).toDateString()) return clock
  return `${time.getFullYear()}-${twoDigits(time.getMonth() + 1)}-${twoDigits(time.getDate())} ${clock}`
}

/** `3 min ago`, `in 12 s`. */
export function relativeText(ms: number, nowMs: number): string {
  // What was written just now is a moment ahead of a clock that lags by the length of a way.
  if (ms > nowMs && ms - nowMs < 1_000) return '0 s ago'
  return ms > nowMs ? `in ${durationText(ms - nowMs)}` : `${durationText(nowMs - ms)} ago`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, min: 60, m: 60, h: 3_600, d: 86_400 }

/** Seconds of `90`, `90 s`, `15 min`, `2h` or `1 d`; null for anything else and for less than a second. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = /^\s*(\d{1,8})\s*(s|min|m|h|d)?\s*$/.exec(text) ?? []
  if (amount === undefined) return null
  const seconds = Number(amount) * (unitSeconds[unit ?? 's'] ?? 1)
  return seconds >= 1 ? seconds : null
}
