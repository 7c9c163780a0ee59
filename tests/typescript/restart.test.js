// The server is killed and started again under many clients.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { WebSocket } from 'ws'

import { PikkuFetch } from '../../examples/todo/web/pikku/pikku-fetch.js'
import { PikkuWebSocket } from '../../examples/todo/web/pikku/pikku-websocket.js'
import { startTodoServer } from './todo-server.js'
import { until } from './socket-server.js'

const CLIENTS = 100

const server = await startTodoServer()
after(() => server.stop())
const serverUrl = server.url

const api = new PikkuFetch({ serverUrl })
const { apiKey } = await api.loginUser({ name: 'herd' })
api.setAPIKey(apiKey)

/** A client that is on the topic `herd`, also after it was away, and counts all that it gets. */
const join = (number) => {
  const client = { number, opened: 0, heard: [], reasons: [], answers: new Map() }
  const socket = new PikkuWebSocket(serverUrl, { apiKey, WebSocket })
  socket.subscribe('herd', ({ message }) => client.heard.push(message))
  socket.keep('subscribe', { topic: 'herd' })
  socket.onOpen(() => client.opened++)
  socket.onState((state, reason) => state === 'waiting' && client.reasons.push(reason))
  // The raw frames: what the client passes on could hide an answer that comes twice.
  const count = ({ data }) => {
    const { id } = JSON.parse(data)
    if (id != null) client.answers.set(id, (client.answers.get(id) ?? 0) + 1)
  }
  const watch = () => socket.ws.addEventListener('message', count)
  watch()
  socket.onState((state) => state === 'connecting' && queueMicrotask(watch))
  after(() => socket.close())
  return Object.assign(client, { socket })
}

/** One says a word, and each of the others hears it, once. */
const speak = async ([first, ...others], message) => {
  assert.deepEqual(await first.socket.request('emit', { name: 'herd', message }), { reached: others.length })
  // What is pushed to a connection comes before the answer to what is asked after it.
  await askAll(others)
  for (const { heard } of others) assert.equal(heard.filter((word) => word === message).length, 1)
}

const askAll = (herd) => Promise.all(herd.map(({ socket }) => socket.request('whoami')))

test('server killed and restarted under many clients: all are back, and nothing is done or answered twice', async (t) => {
  const herd = Array.from({ length: CLIENTS }, (_, number) => join(number))
  await askAll(herd)
  await speak(herd, 'before')

  // Each asks for a change, and the server dies over it: some are answered, and some are not.
  const asked = herd.map(({ socket, number }) => socket.request('create', { title: `todo ${number}` }).result())
  await Promise.race(asked)
  await server.kill()
  const outcomes = await Promise.all(asked)
  for (const { ok, error } of outcomes) if (!ok) assert.equal(error.code, 'disconnected')
  t.diagnostic(`${outcomes.filter(({ ok }) => ok).length} of ${CLIENTS} were answered`)

  // What is asked for from here on can't be sent yet, so it waits.
  await until(() => herd.every(({ reasons }) => reasons.length))
  const waiting = askAll(herd)
  await server.start()
  await waiting
  for (const { opened, socket } of herd) assert.deepEqual([opened, socket.state], [2, 'open'])
  await speak(herd, 'after')

  // What was answered is done, what was not may be, and nothing is twice.
  const { todos } = await api.listTodos({ limit: 1000 })
  const titles = todos.map(({ title }) => title)
  assert.equal(new Set(titles).size, titles.length)
  for (const [number, { ok }] of outcomes.entries()) if (ok) assert.ok(titles.includes(`todo ${number}`))
  for (const { answers } of herd) {
    assert.ok(answers.size > 0)
    assert.ok([...answers.values()].every((times) => times === 1))
  }
})

test('server killed and restarted under many clients: they don’t come back all at once', async () => {
  const herd = Array.from({ length: CLIENTS }, (_, number) => join(number))
  await askAll(herd)
  await server.kill()
  await until(() => herd.every(({ reasons }) => reasons.length))
  const first = herd.map(({ reasons }) => reasons[0].retryIn)
  assert.ok(first.every((wait) => wait >= 0 && wait <= 500))
  // Chance alone never puts half of so many into one tenth of the range.
  for (let tenth = 0; tenth < 10; tenth++) {
    const together = first.filter((wait) => Math.floor(wait / 50) === tenth).length
    assert.ok(together < CLIENTS / 2, `${together} come back within 50 ms`)
  }
  await server.start()
  await askAll(herd)
})

test('c9: a server that is told to end answers what has come, and does nothing that it doesn’t answer', async (t) => {
  const herd = Array.from({ length: CLIENTS }, (_, number) => join(number))
  await askAll(herd)
  const asked = herd.map(({ socket, number }) => socket.request('create', { title: `last ${number}` }).result())
  await Promise.race(asked)
  assert.equal(await server.end(), 0)
  const outcomes = await Promise.all(asked)
  t.diagnostic(`${outcomes.filter(({ ok }) => ok).length} of ${CLIENTS} were answered`)
  await until(() => herd.every(({ reasons }) => reasons.length))
  for (const { reasons } of herd) assert.equal(reasons[0].code, 1012)

  const waiting = askAll(herd)
  await server.start()
  await waiting
  const { todos } = await api.listTodos({ search: 'last', limit: 1000 })
  const titles = new Set(todos.map(({ title }) => title))
  assert.equal(titles.size, todos.length)
  for (const [number, { ok }] of outcomes.entries()) assert.equal(titles.has(`last ${number}`), ok, `todo ${number}`)
})
