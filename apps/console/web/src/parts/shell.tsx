import { Button, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { logOut } from '../api/acts.ts'
import { detailOf } from '../api/problem.ts'
import { useMe } from '../api/use-reads.ts'
import { notifications } from '@mantine/notifications'
import { Banner } from './banner.tsx'

const places = [
  { href: '/', label: 'Fleet' },
  { href: '/machines', label: 'Machines' },
  { href: '/work', label: 'Work' },
  { href: '/sessions', label: 'Sessions' },
  { href: '/backoffs', label: 'Backoffs' },
  { href: '/history', label: 'History' },
]

/** What is around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const [path] = useLocation()
  const [open, setOpen] = useState(false)
  useEffect(() => setOpen(false), [path])
  return (
    <>
      <a href="#content" className="skip">
        To the content
      </a>
      <header className="header">
        <span className="brand">BMDB</span>
        <button
          type="button"
          className="burger"
          aria-expanded={open}
          aria-controls="places"
          onClick={() => setOpen(!open)}
        >
          <span aria-hidden="true">☰</span> Menu
        </button>
        <nav id="places" className={open ? 'places open' : 'places'} aria-label="Pages">
          {places.map(({ href, label }) => (
            <Link key={href} href={href} aria-current={isAt(path, href) ? 'page' : undefined}>
              {label}
            </Link>
          ))}
        </nav>
        <div className="header-end">
          <WhoAmI />
          <ColorScheme />
        </div>
      </header>
      <Banner />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  )
}

function isAt(path: string, href: string): boolean {
  if (href === '/') return path === '/' || path.startsWith('/processes/')
  return path === href || path.startsWith(`${href}/`)
}

function WhoAmI() {
  const { data: me } = useMe()
  if (me === undefined) return null
  const leave = (): void => {
    logOut().catch((error: unknown) =>
      notifications.show({ color: 'red', title: 'Not logged out', message: detailOf(error) }),
    )
  }
  return (
    <>
      <span className="who">
        <span className="who-name">{me.name}</span> <span className="dim">{me.role}</span>
      </span>
      {me.canLogOut && (
        <Button size="compact-xs" variant="default" onClick={leave}>
          Log out
        </Button>
      )}
    </>
  )
}

const after: Record<MantineColorScheme, MantineColorScheme> = { auto: 'light', light: 'dark', dark: 'auto' }

function ColorScheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <Button
      size="compact-xs"
      variant="default"
      onClick={() => setColorScheme(after[colorScheme])}
      title="Colours: as the system has them, light, or dark"
    >
      <span className="unseen">Colours: </span>
      {colorScheme}
    </Button>
  )
}
