import { RedfishError } from './error.ts'

/**
 * A BMC's address as its origin: `https://bmc7/` becomes `https://bmc7`.
 *
 * @param address `http://` or `https://`, a host and perhaps a port; a slash at the end is taken
 * @throws RedfishError ERR_REDFISH_ARGUMENT for anything else
 */
export function originOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw bad(address, "is no address of a BMC; one looks like 'https://bmc7' or 'http://127.0.0.1:8000'")
  }
  if (url.username !== '' || url.password !== '') {
    throw bad(address, 'must not hold a user name or password; give them as settings of their own')
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw bad(address, 'must end after the host and port; where the service is there is found out from it')
  }
  return url.origin
}

function bad(address: string, what: string): RedfishError {
  // Whatever stands before an @ may be a password, in a good address as in a mistyped one.
  const shown = address.replace(/^.*@/s, '…@').slice(0, 200)
  return new RedfishError('ERR_REDFISH_ARGUMENT', shown === '' ? "''" : shown, null, what)
}
