// The generated sockets against the server that they were generated for: what the one says is what the other does.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { WebSocket } from 'ws'

import { PikkuFetch } from './generated/pikku-fetch.js'
import { EventsSocket, PikkuError, PikkuWebSocket, PrivateSocket, RoomsSocket } from './generated/pikku-websocket.js'
import { startServer } from './real-server.js'
import { until } from './socket-server.js'

const serverUrl = await startServer()

const open = (Socket, options) => {
  const socket = new Socket(serverUrl, { WebSocket, reconnect: { min: 10, max: 50 }, ...options })
  after(() => socket.close())
  return socket
}

const signedIn = (user) => open(EventsSocket, { signIn: ({ request }) => request('auth', { user }) })

/** What a request fails with. */
const failure = async (call) => {
  const { ok, error } = await call.result()
  assert.equal(ok, false)
  assert.ok(error instanceof PikkuError)
  return error
}

test('one signs in by a message, is somebody, and signs out', async () => {
  const events = open(EventsSocket)
  const before = await failure(events.request('whoami'))
  assert.deepEqual([before.status, before.code], [401, 'unauthorized'])
  assert.deepEqual(await events.request('auth', { user: 'ada' }), { authResult: true, userId: 'ada' })
  assert.equal(await events.request('whoami'), 'ada')
  assert.equal(await events.request('sign_out'), undefined)
  assert.equal((await failure(events.request('whoami'))).status, 401)
})

test('the seed: subscribe, emit to everyone but the sender, unsubscribe', async () => {
  const [ada, eve] = [signedIn('ada'), signedIn('eve')]
  const heard = []
  for (const [name, socket] of Object.entries({ ada, eve })) {
    socket.subscribe('news', (data) => heard.push([name, data]))
    assert.deepEqual(await socket.request('subscribe', { topic: 'news' }), { subscribed: true, topic: 'news' })
  }
  assert.equal(await ada.request('emit', { name: 'news', message: 'hi' }), 1n)
  await until(() => heard.length)
  assert.deepEqual(await eve.request('unsubscribe', { topic: 'news' }), { subscribed: false, topic: 'news' })
  assert.equal(await ada.request('emit', { name: 'news', message: 'hi' }), 0n)
  assert.deepEqual(heard, [['eve', { from: 'ada', message: 'hi' }]])
})

test('a typed topic reaches those whom it is for, also from HTTP', async () => {
  const [ada, eve] = [signedIn('ada'), signedIn('eve')]
  const heard = []
  for (const socket of [ada, eve]) {
    socket.subscribe('noticed', (notice) => heard.push(notice))
    await socket.request('notices')
  }
  await new PikkuFetch({ serverUrl }).notify({ user: 'ada', text: 'x' })
  await until(() => heard.length)
  await eve.request('whoami')
  assert.deepEqual(heard, [{ user: 'ada', text: 'x' }])
})

test('failures are told apart', async () => {
  const events = signedIn('ada')
  assert.equal((await failure(events.request('subscribe', { topic: 'secret' }))).status, 403)
  assert.equal((await failure(events.request('fail', { how: 'not_found' }))).code, 'not_found')
  const internal = await failure(events.request('fail', { how: 'panic' }))
  assert.deepEqual([internal.status, internal.code], [500, 'internal_error'])
  const invalid = await failure(events.request('auth', { user: 1 }))
  assert.deepEqual([invalid.status, invalid.errors[0].pointer], [422, '/user'])
  assert.equal((await failure(events.request('nothing'))).code, 'unknown_action')
  assert.equal(await events.request('whoami'), 'ada')
})

test('an id of the data’s own is the id of the message', async () => {
  const events = open(EventsSocket)
  assert.deepEqual(await Promise.all([7, 8, 7].map((id) => events.request('contact', { id }))), [{ id: 7 }, { id: 8 }, { id: 7 }])
})

test('messages are handled in order', async () => {
  const events = open(EventsSocket)
  events.send('auth', { user: 'ada', takes: 100 })
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => events.request('whoami'))), ['ada', 'ada', 'ada'])
})

test('what a channel is opened with, its greeting, another routing key, plain messages and bytes', async () => {
  const params = { room: 7, name: ['a', 'b c'] }
  for (const [Socket, options] of [[RoomsSocket, { params }], [PikkuWebSocket, { channel: 'rooms', params }]]) {
    const rooms = open(Socket, options)
    const heard = []
    rooms.onMessage((message) => heard.push(message))
    assert.equal(await rooms.request('count'), 1)
    assert.equal(await rooms.getRoute('count').request(), 2)
    rooms.send({ text: 'x' })
    rooms.send(new Uint8Array([1, 2, 3]))
    await until(() => heard.length == 3)
    assert.deepEqual(heard.slice(0, 2), ['welcome to 7, a and b c', { text: 'x' }])
    assert.deepEqual([...new Uint8Array(heard[2])], [3, 2, 1])
  }
})

test('an API key or a token opens a channel, and nothing else does', async () => {
  const { token } = await new PikkuFetch({ serverUrl }).login({ name: 'eve' })
  assert.equal(await open(PrivateSocket, { apiKey: 'key-of-ada' }).request('whoami'), 'ada')
  assert.equal(await open(PrivateSocket, { token }).request('whoami'), 'eve')
  const asked = []
  const refused = open(PrivateSocket, { token: (last) => (asked.push(last), asked.length < 2 ? 'bad' : token) })
  assert.equal(await refused.request('whoami'), 'eve')
  assert.match(asked[1].reason, /401/)
})

test('a connection that is closed is followed by another, signed in and subscribed again', async () => {
  const [ada, eve] = [signedIn('ada'), signedIn('eve')]
  const [heard, reasons] = [[], []]
  eve.onState((state, why) => state == 'waiting' && reasons.push([why.code, why.reason]))
  eve.subscribe('again', (data) => heard.push(data.message))
  eve.keep('subscribe', { topic: 'again' })
  await eve.request('whoami')
  const lost = await failure(eve.request('fail', { how: 'close' }))
  assert.deepEqual([lost.code, reasons], ['disconnected', [[4000, 'enough']]])
  assert.equal(await eve.request('whoami'), 'eve')
  await ada.request('emit', { name: 'again', message: 'hi' })
  await until(() => heard.length)
  assert.deepEqual(heard, ['hi'])
})

test('a server that goes away is missed, and its requests fail', async () => {
  const stopped = await startServer()
  const socket = new EventsSocket(stopped, { WebSocket, reconnect: false })
  await socket.request('auth', { user: 'ada' })
  const call = socket.request('auth', { user: 'ada', takes: 60_000 })
  await sleep(20)
  socket.ws.terminate()
  assert.equal((await failure(call)).code, 'disconnected')
  assert.equal(socket.state, 'closed')
})
