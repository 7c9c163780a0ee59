// @ts-check
import { PikkuWebSocket } from './pikku/pikku-websocket.js'

const TOPICS = /** @type {const} */ (['todo-created', 'todo-updated', 'todo-removed'])

/**
 * Hears of what happens to one's todos, wherever it is done.
 *
 * @param {string} apiKey
 * @param {{ onChange(): void, onOpen(): void, onLost(): void }} listener what to do with a change, with a connection
 *   that misses none from here on, and with one that is lost; the next one is on its way by then
 * @returns {() => void} what ends it
 */
export function listen(apiKey, { onChange, onOpen, onLost }) {
  const socket = new PikkuWebSocket(location.origin, {
    apiKey,
    signIn: ({ request }) => Promise.all(TOPICS.map((topic) => request('subscribe', { topic }, { timeout: 10_000 }))),
  })
  for (const topic of TOPICS) socket.subscribe(topic, onChange)
  socket.onState((state) => {
    if (state === 'open') onOpen()
    if (state === 'waiting') onLost()
  })

  // A phone that wakes up may not be told for minutes that its connection is gone.
  const wake = () => {
    if (document.hidden || socket.state !== 'open') return
    const again = () => socket.close(4408, 'there is no sign of life', false)
    socket.request('whoami', undefined, { timeout: 5_000 }).catch(again)
  }
  document.addEventListener('visibilitychange', wake)
  return () => {
    document.removeEventListener('visibilitychange', wake)
    socket.close()
  }
}
