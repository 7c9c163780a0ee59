// Checked by `tsc` and never run: what the declarations of the generated sockets allow, refuse and know.

import { PikkuFetch } from './generated/pikku-fetch.js'
import { deadAfter, drain } from './generated/pikku-socket-extras.js'
import {
  EventsSocket, PikkuWebSocket, PrivateSocket, RoomsSocket, type Noticed, type Reason, type SignedIn, type State,
} from './generated/pikku-websocket.js'

/** Compiles only if both types are the same. */
const same = <Left, Right>(_: (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false) => {}

const url = 'http://localhost'
const events = new EventsSocket(url)

export function opening() {
  new EventsSocket(url, 'key')
  new EventsSocket(url, { apiKey: 'key', reconnect: false, queue: 10, timeout: 1000, onError: (error) => console.log(error) })
  new EventsSocket(url, { token: async (last) => (last?.code === 4401 ? 'fresh' : null), reconnect: { max: 100 } })
  new EventsSocket(url, { WebSocket: class { constructor(public url: string, public protocols: string[]) {} } })
  new EventsSocket(url, { signIn: ({ request }) => request('auth', { user: 'ada' }) })
  new EventsSocket(url, { signIn: async (calls) => (await calls.request('auth', { user: 'ada' })).userId })
  // @ts-expect-error: no such action
  new EventsSocket(url, { signIn: ({ request }) => request('login', { user: 'ada' }) })
  // @ts-expect-error: no such option
  new EventsSocket(url, { key: 'key' })

  new RoomsSocket(url, { params: { room: 7, name: ['a'] } })
  // @ts-expect-error: it needs a room
  new RoomsSocket(url)
  // @ts-expect-error: the room is a number
  new RoomsSocket(url, { params: { room: 'x' } })

  const rooms = new PikkuWebSocket(url, { channel: 'rooms', params: { room: 7 } })
  rooms.send('count')
  new PikkuWebSocket<'events'>(url, { channel: 'events', apiKey: 'key' }).send('whoami')
  // @ts-expect-error: it needs a room
  new PikkuWebSocket(url, { channel: 'rooms' })
  // @ts-expect-error: no such channel
  new PikkuWebSocket(url, { channel: 'nothing' })
  // @ts-expect-error: there are several channels, so one has to be named
  new PikkuWebSocket<'events'>(url, 'key')
}

export async function requests() {
  const signedIn = await events.request('auth', { user: 'ada' }, { timeout: 10, signal: AbortSignal.abort() })
  same<typeof signedIn, SignedIn>(true)
  const who = await events.request('whoami')
  same<typeof who, string>(true)
  await events.request('whoami', undefined, { timeout: 10 })
  const reached = await events.request('emit', { name: 't', message: 'hi' })
  same<typeof reached, bigint>(true)
  const nothing = await events.request('sign_out')
  same<typeof nothing, void>(true)
  // @ts-expect-error: no such action
  await events.request('nothing')
  // @ts-expect-error: an action of another channel
  await new PrivateSocket(url).request('auth', { user: 'ada' })
  // @ts-expect-error: the data is missing
  await events.request('auth')
  // @ts-expect-error: a field of the wrong type
  await events.request('auth', { user: 1 })
  // @ts-expect-error: no such field
  await events.request('auth', { user: 'ada', colour: 'red' })
}

export function messages() {
  events.send({ action: 'auth', user: 'ada' })
  events.send({ action: 'whoami' })
  events.send('auth', { user: 'ada' })
  // @ts-expect-error: no such action
  events.send({ action: 'nothing' })
  // @ts-expect-error: a field is missing
  events.send({ action: 'auth' })
  // @ts-expect-error: this channel takes no message without an action
  events.send({ text: 'x' })
  // @ts-expect-error: nor bytes
  events.send(new Uint8Array())

  const rooms = new RoomsSocket(url, { params: { room: 7 } })
  rooms.send({ kind: 'count' })
  rooms.send({ text: 'x' })
  rooms.send(new Uint8Array())
  // @ts-expect-error: the routing key of this channel is another one
  rooms.send({ action: 'count' })
}

export function topics() {
  const stop = events.subscribe('noticed', (notice) => same<typeof notice, Noticed>(true))
  same<typeof stop, () => void>(true)
  events.subscribe('any other', (data) => same<typeof data, unknown>(true))
  events.onMessage((message) => same<typeof message, unknown>(true))
}

export async function errors() {
  const result = await events.request('subscribe', { topic: 't' }).result()
  if (result.ok) return same<typeof result.data.subscribed, boolean>(true)
  const { error } = result
  switch (error.code) {
    case 'name_taken':
      return error.data.free
    case 'invalid_input':
      return error.errors.map(({ pointer }) => pointer)
    case 'disconnected':
    case 'queue_full':
    case 'timeout':
      same<typeof error.status, 0>(true)
      // @ts-expect-error: nothing has a response here
      return error.response
    // @ts-expect-error: not an error of this action
    case 'payload_too_large':
      return
    default:
      return error.detail
  }
}

export async function everythingElse() {
  const { send, request, subscribe } = events.getRoute('auth')
  send({ user: 'ada' })
  const signedIn = await request({ user: 'ada' }, { timeout: 10 })
  same<typeof signedIn, SignedIn>(true)
  subscribe((output) => same<typeof output, SignedIn>(true))
  // @ts-expect-error: the data is missing
  send()

  events.keep('subscribe', { topic: 't' })()
  // @ts-expect-error: the data is missing
  events.keep('subscribe')
  events.onState((state, reason) => {
    same<typeof state, State>(true)
    same<typeof reason, Reason | undefined>(true)
  })
  events.onOpen((socket) => socket.send('whoami'))
  events.ws.onopen = () => events.send('whoami')
  events.close(4000, 'enough', false)
  await drain(events)
  deadAfter(events, 1000)()
  new PikkuFetch()
}
