import { Fragment } from 'react'
import { SessionId } from './ids.tsx'
import { When } from './when.tsx'

const parts = /(\d{4}-\d\d-\d\dT[\d:.]+Z|session [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/

/** What the database says in words, with its times in local time and its sessions as links. */
export function FactText({ text }: { text: string }) {
  return text.split(parts).map((part, at) => (
    <Fragment key={at}>
      {at % 2 === 0 ? (
        part
      ) : part.startsWith('session ') ? (
        <>
          session <SessionId id={part.slice('session '.length)} />
        </>
      ) : (
        <When at={part} />
      )}
    </Fragment>
  ))
}
