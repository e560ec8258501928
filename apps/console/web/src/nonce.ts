/**
 * What the page's policy asks of style elements. The server writes it into the page, anew for every answer. The dialog's
 * lock of scrolling makes a style element too, and looks for it under the name that bundlers gave it.
 */
export const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''

Object.assign(globalThis, { __webpack_nonce__: nonce })
