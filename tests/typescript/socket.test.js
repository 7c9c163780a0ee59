// What a socket does over real connections, and when they fail; what goes over the wire is in the vectors.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { bigint, decodeFrames, fields } from './generated/pikku-codecs.js'
import { PikkuError } from './generated/pikku-runtime.js'
import { socketForOneOf } from './generated/pikku-socket-runtime.js'
import { deadAfter, drain } from './generated/pikku-socket-extras.js'
import { FakeWebSocket, Socket, connect, connectFake, serveSockets, until } from './socket-server.js'

const echo = ({ action, id, ...result }, answer) => answer({ result })

const actions = ({ received }) => received.map(({ action }) => action)

const isDisconnected = (error) => error instanceof PikkuError && error.code == 'disconnected' && error.status === 0

test('a request is answered, over and over', async () => {
  const { url } = await serveSockets(echo)
  const socket = connect(url)
  for (let n = 0; n < 10; n++) assert.deepEqual(await socket.request('echo', { n }), { n })
})

test('the guide: a key as the second argument, and an `onopen` that signs in, on every connection', async () => {
  const { url, connections } = await serveSockets()
  const socket = new Socket(url, { WebSocket: (await import('ws')).WebSocket, apiKey: 'key', reconnect: { min: 1 } })
  socket.ws.onopen = () => socket.send({ action: 'auth', token: 'valid-token' })
  socket.send('first')
  await until(() => connections[0]?.received.length == 2)
  connections[0].terminate()
  await until(() => connections[1]?.received.length == 1)
  socket.close()
  assert.deepEqual(actions(connections[0]), ['auth', 'first'])
  assert.deepEqual(connections[1].received, [{ action: 'auth', token: 'valid-token' }])
  assert.equal(connections[0].protocols, 'pikku.v1,apiKey.key')

  globalThis.WebSocket = FakeWebSocket
  const plain = new Socket('http://localhost', 'key')
  delete globalThis.WebSocket
  assert.deepEqual(plain.ws.protocols, ['pikku.v1', 'apiKey.key'])
  plain.close()
})

test('several channels: the options name one', async () => {
  const Several = socketForOneOf({ events: { route: '/events' }, rooms: { route: '/rooms', routing: 'kind' } })
  const { connection } = await connectFake({ channel: 'rooms' }, Several)
  assert.equal(connection.url, 'ws://localhost/rooms')
  for (const options of [undefined, 'key', {}, { channel: 'toString' }]) {
    assert.throws(() => new Several('http://localhost', options), /help: pass `channel`, one of events,rooms/)
  }
})

test('a token that is asked for is asked for each connection, and told how the last one ended', async () => {
  const { url, connections } = await serveSockets()
  const asked = []
  connect(url, { token: async (last) => (asked.push(last?.code), `t${asked.length}`) })
  await until(() => connections[0])
  connections[0].close(4401, 'nobody has signed in')
  await until(() => connections[1])
  assert.deepEqual(asked, [undefined, 4401])
  assert.deepEqual(connections.map(({ protocols }) => protocols), ['pikku.v1,bearer.t1', 'pikku.v1,bearer.t2'])
})

test('a token that can’t be had is a reason to wait and try again', async () => {
  const { url } = await serveSockets(echo)
  let tries = 0
  const token = () => {
    if (++tries < 3) throw new Error('no token')
    return 'token'
  }
  const socket = connect(url, { token })
  const reasons = []
  socket.onState((state, why) => state == 'waiting' && reasons.push(why.reason))
  assert.deepEqual(await socket.request('echo'), {})
  assert.deepEqual(reasons, ['no token', 'no token'])
})

test('a socket that is closed while it waits for its token stays closed', async () => {
  for (const end of [() => 'token', () => Promise.reject(new Error('no token'))]) {
    let go
    const socket = connect('http://localhost', { WebSocket: FakeWebSocket, token: () => new Promise((r) => (go = r)).then(end) })
    await sleep()
    const before = FakeWebSocket.last
    socket.close()
    go()
    await sleep(20)
    assert.deepEqual([socket.state, FakeWebSocket.last], ['closed', before])
  }
})

test('sign-in comes first, then what is kept, then what waits; on each connection', async () => {
  const { url, connections } = await serveSockets((message, answer) => answer({}))
  const socket = connect(url, {
    async signIn({ request, send }) {
      if (connections.length == 1) socket.send('meanwhile')
      await request('auth', { user: 'ada' })
      send('ready')
    },
  })
  const states = []
  socket.onState((state) => states.push(state))
  socket.send('waiting')
  socket.keep('subscribe', { topic: 't' })
  socket.onOpen(() => socket.send('opened'))
  await until(() => connections[0]?.received.length == 6)
  connections[0].terminate()
  await until(() => connections[1]?.received.length == 4)
  assert.deepEqual(actions(connections[0]), ['auth', 'ready', 'subscribe', 'opened', 'waiting', 'meanwhile'])
  assert.deepEqual(actions(connections[1]), ['auth', 'ready', 'subscribe', 'opened'])
  assert.deepEqual(states, ['signing-in', 'open', 'waiting', 'connecting', 'signing-in', 'open'])
})

test('a sign-in that fails ends the connection, and what waits goes on waiting', async () => {
  let tries = 0
  const error = { title: 'No', status: 401, code: 'unauthorized', detail: 'the token is bad' }
  const { url, connections } = await serveSockets(({ action }, answer) =>
    answer(action == 'auth' && ++tries < 3 ? { error } : {}),
  )
  const socket = connect(url, { signIn: ({ request }) => request('auth') })
  const reasons = []
  socket.onState((state, why) => state == 'waiting' && reasons.push([why.code, why.reason]))
  await socket.request('whoami')
  assert.deepEqual(reasons, [[4401, 'the token is bad'], [4401, 'the token is bad']])
  assert.deepEqual(connections.map(actions), [['auth'], ['auth'], ['auth', 'whoami']])
  await until(() => connections[0].readyState == 3 && connections[1].readyState == 3)
})

test('what is kept goes out at once where there is a connection, and no more once it is let go', async () => {
  const { url, connections } = await serveSockets()
  const socket = connect(url)
  await until(() => socket.state == 'open')
  const letGo = socket.keep('subscribe', { topic: 't' })
  await until(() => connections[0].received.length)
  letGo()
  connections[0].terminate()
  await until(() => connections[1] && socket.state == 'open')
  socket.send('last')
  await until(() => connections[1].received.length)
  assert.deepEqual(actions(connections[1]), ['last'])
})

test('what was sent and not answered fails, and is not sent again; what still waits is sent', async () => {
  const { url, connections } = await serveSockets(({ action }, answer) => action == 'later' && answer({ result: 1 }))
  const socket = connect(url)
  const lost = socket.request('pay')
  await until(() => connections[0]?.received.length)
  connections[0].close(1012, 'the server is about to restart')
  await assert.rejects(lost, (error) => isDisconnected(error) && error.detail == 'the server is about to restart')
  assert.equal(await socket.request('later'), 1)
  assert.deepEqual(connections.map(actions), [['pay'], ['later']])
})

test('so many messages wait, and the next one throws', async () => {
  const { socket, connection } = await connectFake({ queue: 2 })
  await connection.end(1006)
  socket.send('one')
  const second = socket.request('two', undefined, { timeout: 5 })
  assert.throws(() => socket.send('three'), { name: 'PikkuError', code: 'queue_full', status: 0 })
  assert.equal((await socket.request('three').result()).error.code, 'queue_full')
  await assert.rejects(second, { code: 'timeout' })
  socket.send('three')
})

test('a request that was given up while it waited is never sent', async () => {
  const { url, connections } = await serveSockets(echo)
  const socket = connect(url)
  const controller = new AbortController()
  const given = [socket.request('one', undefined, { signal: controller.signal }), socket.request('two')]
  controller.abort(new Error('enough'))
  await assert.rejects(given[0], /enough/)
  await given[1]
  assert.deepEqual(actions(connections[0]), ['two'])
})

test('a timeout and a signal end a request, and its late reply reaches nobody', async () => {
  const { url } = await serveSockets(({ n }, answer) => setTimeout(() => answer({ result: n }), n))
  const socket = connect(url, { timeout: 50 })
  const heard = []
  socket.onMessage((message) => heard.push(message))
  await assert.rejects(socket.request('echo', { n: 100 }), { name: 'PikkuError', code: 'timeout', status: 0 })
  assert.equal(await socket.request('echo', { n: 100 }, { timeout: 30_000 }), 100)
  const controller = new AbortController()
  const call = socket.request('echo', { n: 20 }, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(call, /enough/)
  await assert.rejects(call.result(), /enough/)
  await assert.rejects(socket.request('echo', {}, { signal: AbortSignal.abort(new Error('before')) }), /before/)
  await sleep(50)
  assert.deepEqual([heard, socket.heard], [[], []])
})

test('handlers that throw or reject stop nobody else, and are heard of', async () => {
  const { socket, connection } = await connectFake()
  const heard = []
  socket.subscribe('t', () => { throw new Error('one') })
  socket.subscribe('t', async () => { throw new Error('two') })
  socket.subscribe('t', (data) => heard.push(data))
  await connection.receive({ topic: 't', data: 1 })
  await connection.receive({ topic: 't', data: 2 })
  assert.deepEqual(heard, [1, 2])
  assert.deepEqual(socket.heard.map(({ message }) => message), ['one', 'two', 'one', 'two'])
})

test('a frame that is no JSON stops nothing', async () => {
  const { socket, connection } = await connectFake()
  connection.dispatchEvent(Object.assign(new Event('message'), { data: '{' }))
  const call = socket.request('whoami')
  await connection.receive({ action: 'whoami', id: connection.sent[0].id, result: 1 })
  assert.equal(await call, 1)
  assert.ok(socket.heard[0] instanceof SyntaxError)
})

test('who has unsubscribed hears nothing, and who is twice subscribed hears twice', async () => {
  const { socket, connection } = await connectFake()
  let heard = 0
  const handler = () => heard++
  const first = socket.subscribe('t', handler)
  socket.subscribe('t', handler)
  await connection.receive({ topic: 't', data: 1 })
  first()
  await connection.receive({ topic: 't', data: 1 })
  assert.equal(heard, 3)
})

test('a route by itself sends, asks and hears', async () => {
  const { url } = await serveSockets(echo)
  const route = connect(url).getRoute('echo')
  const heard = []
  route.subscribe((output) => heard.push(output))
  route.send({ n: 1 })
  assert.deepEqual(await route.request({ n: 2 }, { timeout: 30_000 }), { n: 2 })
  assert.deepEqual(heard, [{ n: 1 }, { n: 2 }])
})

test('whole messages and bytes are sent as they are, and bytes are heard', async () => {
  const { socket, connection } = await connectFake()
  const sent = []
  connection.send = (data) => sent.push(data)
  const bytes = new Uint8Array([1, 2])
  socket.send({ text: 'x' })
  socket.send(bytes)
  assert.deepEqual(sent, ['{"text":"x"}', bytes])
  const heard = []
  socket.onMessage((message) => heard.push(message))
  connection.dispatchEvent(Object.assign(new Event('message'), { data: bytes.buffer }))
  assert.deepEqual([heard, connection.binaryType], [[bytes.buffer], 'arraybuffer'])
})

test('the wait is random within a bound that doubles up to the largest, and starts anew after a while of quiet', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const random = t.mock.method(Math, 'random', () => 0.5)
  const turn = () => new Promise(setImmediate)
  const socket = connect('http://localhost', { WebSocket: FakeWebSocket, reconnect: {} })
  const waits = []
  socket.onState((state, why) => state == 'waiting' && waits.push(why.retryIn))
  const fail = async () => {
    FakeWebSocket.last.dispatchEvent(Object.assign(new Event('close'), { code: 1006, reason: '' }))
    t.mock.timers.tick(5000)
    await turn()
  }
  for (let time = 0; time < 6; time++) await fail()
  assert.deepEqual(waits, [250, 500, 1000, 2000, 2500, 2500])
  // Open for a moment only: it goes on waiting as long.
  const open = async (ms) => {
    FakeWebSocket.last.readyState = 1
    FakeWebSocket.last.dispatchEvent(new Event('open'))
    t.mock.timers.tick(ms)
    await fail()
  }
  await turn()
  await open(4000)
  await open(5001)
  await fail()
  assert.deepEqual(waits.slice(6), [2500, 250, 500])
  assert.equal(random.mock.callCount(), 9)
})

test('a hundred sockets don’t come back all at once', async () => {
  const waits = []
  for (let n = 0; n < 100; n++) {
    const { socket, connection } = await connectFake({ reconnect: {} })
    socket.onState((_, why) => why && waits.push(why.retryIn))
    await connection.end(1012)
    socket.close()
  }
  const spread = waits.filter((wait) => wait !== undefined)
  assert.equal(spread.length, 100)
  assert.ok(Math.min(...spread) < 100 && Math.max(...spread) > 400 && Math.max(...spread) <= 500)
})

test('back online, it does not wait any longer', async () => {
  const page = new EventTarget()
  globalThis.addEventListener = page.addEventListener.bind(page)
  const { socket, connection } = await connectFake()
  await connection.end(1006)
  page.dispatchEvent(new Event('online'))
  delete globalThis.addEventListener
  assert.equal(socket.state, 'connecting')
  assert.notEqual(FakeWebSocket.last, connection)
})

test('without `reconnect` the first end is the last', async () => {
  const { socket, connection } = await connectFake({ reconnect: false })
  await connection.end(1006)
  assert.equal(socket.state, 'closed')
})

test('states say what happened', async () => {
  const { socket, connection } = await connectFake()
  const states = []
  socket.onState((...state) => states.push(state))
  await connection.end(1013, 'too slow')
  const [[state, { code, reason, retryIn }]] = states
  assert.deepEqual([state, code, reason, retryIn > 0], ['waiting', 1013, 'too slow', true])
  socket.close(1000, 'bye')
  assert.deepEqual(states[1], ['closed', { code: 1000, reason: 'bye' }])

  const refused = connect('http://127.0.0.1:1')
  const reason2 = await new Promise((resolve) => refused.onState((_, why) => why && resolve(why)))
  assert.match(reason2.reason, /ECONNREFUSED/)
})

test('a closed socket says goodbye, fails what is under way, and takes nothing more', async () => {
  const { socket, connection } = await connectFake()
  const call = socket.request('whoami')
  socket.close(4000, 'bye')
  assert.deepEqual(connection.closed, [4000, 'bye'])
  await assert.rejects(call, isDisconnected)
  assert.throws(() => socket.send('whoami'), isDisconnected)
  await assert.rejects(socket.request('whoami'), isDisconnected)
  socket.close()
  await connection.end(1006)
  assert.equal(socket.state, 'closed')
})

test('what waits when a socket is closed fails too', async () => {
  const { socket, connection } = await connectFake()
  await connection.end(1006)
  const call = socket.request('whoami')
  socket.close()
  await assert.rejects(call, isDisconnected)
  socket.onOpen(() => assert.fail('it opens again'))
})

test('a handler may close the socket while it opens', async () => {
  const socket = connect('http://localhost', { WebSocket: FakeWebSocket })
  socket.send('waiting')
  socket.onState((state) => state == 'open' && socket.close())
  await FakeWebSocket.last.open()
  assert.deepEqual([socket.state, FakeWebSocket.last.sent], ['closed', []])
})

test('drain waits for the queue and the network', async () => {
  const { socket, connection } = await connectFake()
  connection.bufferedAmount = 10
  let drained
  drain(socket).then((all) => (drained = all))
  await sleep(50)
  assert.equal(drained, undefined)
  assert.equal(await drain(socket, 10), true)
  connection.bufferedAmount = 0
  await until(() => drained)
  socket.close()
  assert.equal(await drain(socket), false)
})

test('deadAfter: a connection on which nothing comes is replaced', async () => {
  const { url, connections } = await serveSockets(echo)
  const socket = connect(url)
  const stop = deadAfter(socket, 500)
  for (let time = 0; time < 5; time++) {
    await socket.request('echo')
    await sleep(150)
  }
  assert.equal(connections.length, 1)
  await until(() => connections.length == 2)
  stop()
})

test('integers keep their digits in replies, topics and errors that say so, and nowhere else', () => {
  const of = (name) => (value) => fields(value, { [name]: bigint })
  const data = (value) => fields(value, { data: bigint })
  const decode = decodeFrames('action', { count: of('result') }, { total: of('data') }, { many: (v) => fields(v, { error: data }) })
  const big = 9007199254740993n
  assert.deepEqual(decode(`{"action":"count","result":${big}}`), { action: 'count', result: big })
  assert.deepEqual(decode('{"action":"count","id":1,"result":5}'), { action: 'count', id: 1, result: 5n })
  assert.deepEqual(decode(`{"topic":"total","data":${big}}`), { topic: 'total', data: big })
  assert.deepEqual(decode(`{"action":"count","error":{"code":"many","data":${big}}}`).error.data, big)
  for (const text of ['{"action":"other","topic":"total","data":1}', '{"topic":"other","data":1}', '"text"', 'null', '[1]']) {
    assert.deepEqual(decode(text), JSON.parse(text))
  }
  assert.deepEqual(decode('{"action":"toString"}'), { action: 'toString' })
})

test('where there is no WebSocket, that is said', () => {
  const before = globalThis.WebSocket
  delete globalThis.WebSocket
  assert.throws(() => new Socket('http://localhost'), TypeError)
  globalThis.WebSocket = before
})
