import type { Done, VerbName } from '@bmdb/api/contract'
import { notifications } from '@mantine/notifications'
import { Link } from 'wouter'
import { scrollToPart } from '../parts/page.tsx'
import type { Body, Words } from './words.ts'

/** Tells what came of an act, with a link to where it can be seen. */
export function tellDone<Name extends VerbName>(words: Words<Name>, body: Body<Name>, done: Done): void {
  const { done: changed } = done
  notifications.show({
    color: changed ? 'teal' : 'yellow',
    title: changed ? words.did(body, done) : 'Nothing was changed',
    message: (
      <>
        {!changed && `${words.nothing} `}
        <SeenAt body={body} done={done} />
      </>
    ),
    autoClose: 10_000,
    closeButtonProps: { 'aria-label': 'Close' },
  })
}

function SeenAt({ body, done }: { body: object; done: Done }) {
  const { machineId = done.machineId, process, sessionId } = body as Partial<Record<string, string>>
  if (machineId !== undefined) {
    return (
      <Link href={`/machines/${machineId}#history`} onClick={() => scrollToPart('history')}>
        The timeline of the machine
      </Link>
    )
  }
  if (sessionId !== undefined) return <Link href={`/sessions/${sessionId}`}>The session</Link>
  if (process === undefined) return null
  return <Link href={`/history?${new URLSearchParams({ process, kind: 'operator' }).toString()}`}>In the history</Link>
}
