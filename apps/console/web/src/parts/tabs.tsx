import { Link } from 'wouter'

export interface TabItem {
  readonly label: string
  readonly href: string
  readonly current: boolean
}

/** Parts of a page that have addresses of their own: links, and no widget. */
export function Tabs({ label, items }: { label: string; items: readonly TabItem[] }) {
  return (
    <nav className="tabs" aria-label={label}>
      {items.map(({ label: text, href, current }) => (
        <Link key={href} href={href} replace aria-current={current ? 'page' : undefined}>
          {text}
        </Link>
      ))}
    </nav>
  )
}
