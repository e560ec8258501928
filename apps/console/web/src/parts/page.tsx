import { useEffect, useRef, type ReactNode } from 'react'

let isFirst = true

interface PageProps {
  /** Of the document, and the heading unless there is one. */
  title: string
  heading?: ReactNode
  /** Beside the heading. */
  actions?: ReactNode
  children: ReactNode
}

/** A page: its title, its one h1, and where the focus goes when one comes to it. */
export function Page({ title, heading, actions, children }: PageProps) {
  const h1 = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // The first page is loaded by the browser, which begins at its top by itself.
    if (isFirst) {
      isFirst = false
      return
    }
    h1.current?.focus({ preventScroll: true })
    if (window.location.hash === '') window.scrollTo(0, 0)
    else scrollToPart(window.location.hash.slice(1))
  }, [])
  return (
    <>
      <title>{`${title} · BMDB`}</title>
      <div className="page-head">
        <h1 ref={h1} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {actions !== undefined && <div className="actions">{actions}</div>}
      </div>
      {children}
    </>
  )
}

/** Shows a part of the page that is there already, or will be in the next moment. */
export function scrollToPart(id: string): void {
  window.setTimeout(() => document.getElementById(id)?.scrollIntoView(), 100)
}

/** A part of a page with a heading. */
export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="section" aria-label={title}>
      <div className="section-head">
        <h2>{title}</h2>
        {aside !== undefined && <div className="aside">{aside}</div>}
      </div>
      {children}
    </section>
  )
}
