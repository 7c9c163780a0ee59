// @ts-check

/**
 * Who is signed in, kept in the browser so that a reload changes nothing.
 *
 * @typedef {{ name: string, apiKey: string }} Session
 */

const STORED = 'pikku-todo'

/** @returns {Session | undefined} */
export function loadSession() {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? '') || undefined
  } catch {
    return undefined // Nothing is stored, or something that we didn't write.
  }
}

/** @param {Session | undefined} session */
export function storeSession(session) {
  if (session) localStorage.setItem(STORED, JSON.stringify({ name: session.name, apiKey: session.apiKey }))
  else localStorage.removeItem(STORED)
}

/**
 * Hears of it when another tab of this browser signs in or out.
 *
 * @param {(session: Session | undefined) => void} handler
 */
export function onSessionChange(handler) {
  addEventListener('storage', ({ key }) => {
    // Without a key, everything was cleared.
    if (key === STORED || key === null) handler(loadSession())
  })
}
