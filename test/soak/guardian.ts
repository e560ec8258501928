import { spawn } from 'node:child_process'

/**
 * Ends a database server and removes a directory once this program is gone, even if it was killed. (The programs of the
 * soak end with it by themselves.) Where all was ended before, there is nothing left to do.
 *
 * @param serverDirectory - of a private server, if there is one
 */
export function guard(directory: string, serverDirectory: string | undefined): void {
  const script = `
    trap '' INT TERM HUP
    cat >/dev/null
    rm -rf "$1"
    [ -z "$2" ] && exit
    ps -A -o pid=,args= | while read -r pid args; do
      case "$args" in *"postgres -D $2/"*) kill -QUIT "$pid" ;; esac
    done`
  // It notices by the end of its input, which nobody writes to.
  const child = spawn('sh', ['-c', script, 'soak-guardian', directory, serverDirectory ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  child.once('error', () => {})
  child.unref()
  ;(child.stdin as unknown as { unref(): void }).unref()
}
