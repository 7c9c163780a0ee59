// The clients of the authentication guide against the todo server: its snippets as they stand, and what they stand for.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { WebSocket } from 'ws'

import { PikkuFetch } from '../../examples/todo/web/pikku/pikku-fetch.js'
import { PikkuError, PikkuWebSocket } from '../../examples/todo/web/pikku/pikku-websocket.js'
import { until } from './socket-server.js'
import { startTodoServer } from './todo-server.js'

// The guide takes it for granted, and Node has it from 22 on.
globalThis.WebSocket ??= WebSocket

const server = await startTodoServer()
after(() => server.stop())
const serverUrl = server.url

/** What a login has given to a user of this name. */
const login = (name) => new PikkuFetch({ serverUrl }).loginUser({ name })

/** A socket that ends with the tests. */
const open = (options) => {
  const websocket = new PikkuWebSocket(serverUrl, options)
  after(() => websocket.close())
  return websocket
}

/** A socket that signs in as the guide has it, and the answer to that. */
const openAndAuthenticate = async ({ token, userId }) => {
  const websocket = open()
  const answered = new Promise((resolve) => websocket.getRoute('auth').subscribe(resolve))
  websocket.ws.onopen = async () => {
    websocket.send({ action: 'auth', token, userId })
  }
  return { websocket, answer: await answered }
}

/** What a request fails with, in short. */
const failure = async (call) => {
  const { ok, error } = await call.result()
  assert.equal(ok, false)
  assert.ok(error instanceof PikkuError)
  return [error.status, error.code]
}

test('guide, HTTP Client: an API key makes requests authenticated', async () => {
  const { apiKey: userApiKey } = await login('http')
  const pikkuFetch = new PikkuFetch({
    serverUrl,
  })
  assert.deepEqual(await failure(pikkuFetch.get('/todos')), [401, 'unauthorized'])

  // Set authentication
  pikkuFetch.setAPIKey(userApiKey)

  // Make authenticated requests
  const todos = await pikkuFetch.get('/todos')
  assert.deepEqual(todos, { todos: [], total: 0 })

  pikkuFetch.setAPIKey('not a key of anybody')
  assert.deepEqual(await failure(pikkuFetch.get('/todos')), [401, 'invalid_token'])
})

test('guide, Login and Logout Function: a logout is the end of its API key, and of no other', async () => {
  const [here, there] = [await login('twice'), await login('twice')]
  const [one, other] = [here, there].map(({ apiKey }) => {
    const pikkuFetch = new PikkuFetch({ serverUrl })
    pikkuFetch.setAPIKey(apiKey)
    return pikkuFetch
  })
  await one.post('/logout')
  assert.equal((await failure(one.get('/me')))[0], 401)
  assert.equal((await other.get('/me')).name, 'twice')
})

test('guide, Permission System: users update only themselves', async () => {
  const [ada, eve] = [await login('ada'), await login('eve')]
  const pikkuFetch = new PikkuFetch({ serverUrl })
  pikkuFetch.setAuthorizationJWT(ada.token)
  const change = (user, name) => pikkuFetch.patch('/user/{userId}', { userId: user.userId, name })
  assert.deepEqual(await failure(change(eve, 'mallory')), [403, 'forbidden'])
  assert.equal((await change(ada, 'ada lovelace')).name, 'ada lovelace')
})

test('guide, WebSocket Client: an API key opens a connection that is signed in', async () => {
  const { apiKey } = await login('keyed')
  const websocket = open(apiKey)
  assert.equal((await websocket.request('whoami')).name, 'keyed')
})

test('guide, WebSocket Client: a connection signs in as soon as it opens', async () => {
  const user = await login('opener')
  const { websocket, answer } = await openAndAuthenticate(user)
  assert.deepEqual(answer, { authResult: true, userId: user.userId })
  assert.equal((await websocket.request('whoami')).name, 'opener')
})

test('guide, WebSocket Client: a message of `onopen` is the first, however early others are sent', async () => {
  const { token } = await login('early')
  const websocket = open()
  const name = websocket.request('whoami')
  websocket.ws.onopen = () => websocket.send({ action: 'auth', token })
  assert.equal((await name).name, 'early')
})

test('guide, Channel Configuration: `auth` alone needs nobody to be signed in', async () => {
  const websocket = open()
  for (const [action, data] of [
    ['subscribe', { topic: 'news' }],
    ['unsubscribe', { topic: 'news' }],
    ['emit', { name: 'news', message: 'x' }],
  ]) {
    assert.deepEqual(await failure(websocket.request(action, data)), [401, 'unauthorized'])
  }
  const answer = await websocket.request('auth', { token: 'no token' })
  assert.deepEqual(answer, { authResult: false, userId: null })
  assert.deepEqual(await failure(websocket.request('whoami')), [401, 'unauthorized'])
})

test('guide, WebSocket Authentication Functions: whoever signs in again is somebody else from then on', async () => {
  const [ada, eve] = [await login('before'), await login('after')]
  const { websocket } = await openAndAuthenticate(ada)
  const names = [
    websocket.request('whoami'),
    websocket.request('auth', { token: eve.token }),
    websocket.request('whoami'),
  ]
  const [first, , last] = await Promise.all(names)
  assert.deepEqual([first.name, last.name], ['before', 'after'])
})

test('guide, WebSocket Authentication Functions: a word reaches everyone but who says it, until they unsubscribe', async () => {
  const heard = []
  const people = []
  for (const name of ['one', 'two', 'three']) {
    const user = await login(name)
    const { websocket } = await openAndAuthenticate(user)
    websocket.subscribe('gossip', ({ from, message }) => heard.push([name, from, message]))
    assert.deepEqual(await websocket.request('subscribe', { topic: 'gossip' }), { subscribed: true, topic: 'gossip' })
    people.push({ websocket, user })
  }
  const [one, two, three] = people
  assert.deepEqual(await one.websocket.request('emit', { name: 'gossip', message: 'hi' }), { reached: 2 })
  await until(() => heard.length === 2)
  assert.deepEqual(heard.sort(), [
    ['three', one.user.userId, 'hi'],
    ['two', one.user.userId, 'hi'],
  ])

  const answer = await three.websocket.request('unsubscribe', { topic: 'gossip' })
  assert.deepEqual(answer, { subscribed: false, topic: 'gossip' })
  assert.deepEqual(await one.websocket.request('emit', { name: 'gossip', message: 'again' }), { reached: 1 })
  await until(() => heard.length === 3)
  two.websocket.close()
  await until(async () => (await one.websocket.request('emit', { name: 'gossip', message: '?' })).reached === 0)
  assert.ok(!heard.some(([name, , message]) => name === 'one' || (name === 'three' && message !== 'hi')))
})

test('guide, Permission System: a permission holds on a channel as it does over HTTP', async () => {
  const { websocket: ada } = await openAndAuthenticate(await login('creator'))
  const { websocket: eve } = await openAndAuthenticate(await login('other'))
  const { todoId } = await ada.request('create', { title: 'of the creator' })
  assert.deepEqual(await failure(eve.request('update', { todoId, completed: true })), [403, 'forbidden'])
  assert.deepEqual(await failure(eve.request('remove', { todoId })), [403, 'forbidden'])
  assert.equal((await ada.request('update', { todoId, completed: true })).completed, true)
  assert.equal(await ada.request('remove', { todoId }), undefined)
  assert.deepEqual(await failure(ada.request('remove', { todoId })), [404, 'todo_not_found'])
})

test('what is done over HTTP is heard on the sockets of that user, and of nobody else', async () => {
  const [mine, foreign] = [[], []]
  const owner = await login('owner')
  for (const [heard, { apiKey }] of [[mine, owner], [foreign, await login('stranger')]]) {
    const websocket = open(apiKey)
    for (const topic of ['todo-created', 'todo-updated', 'todo-removed']) {
      websocket.subscribe(topic, (data) => heard.push([topic, data.todoId]))
      await websocket.request('subscribe', { topic })
    }
    heard.websocket = websocket
  }
  const pikkuFetch = new PikkuFetch({ serverUrl })
  pikkuFetch.setAPIKey(owner.apiKey)
  const { todoId } = await pikkuFetch.createTodo({ title: 'heard' })
  await pikkuFetch.updateTodo({ todoId, completed: true })
  await pikkuFetch.deleteTodo({ todoId })
  await until(() => mine.length === 3)
  await foreign.websocket.request('whoami')
  assert.deepEqual([...mine], [['todo-created', todoId], ['todo-updated', todoId], ['todo-removed', todoId]])
  assert.deepEqual([...foreign], [])
})
