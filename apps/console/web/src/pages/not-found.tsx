import { Link } from 'wouter'
import { Page } from '../parts/page.tsx'

/** Any other path. */
export function NotFoundPage() {
  return (
    <Page title="Not found">
      <p>There is no such page.</p>
      <p>
        <Link href="/">The fleet</Link>, <Link href="/machines">machines</Link>, <Link href="/work">work</Link>,{' '}
        <Link href="/sessions">sessions</Link>, <Link href="/backoffs">backoffs</Link>,{' '}
        <Link href="/history">history</Link>
      </p>
    </Page>
  )
}
