// How an input becomes a request.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Client, PikkuFetch } from './fixture/pikku-fetch.js'
import * as operations from './fixture/pikku-operations.js'
import { serve } from './server.js'

/** Makes one call, and returns the request that it made. */
const requestOf = async (call) => {
  const { url, requests } = await serve()
  await call(new PikkuFetch({ serverUrl: url }))
  assert.equal(requests.length, 1)
  return requests[0]
}

const rejects = async (call, pattern) => {
  const { url, requests } = await serve()
  await assert.rejects(call(new PikkuFetch({ serverUrl: url })), pattern)
  assert.equal(requests.length, 0)
}

test('a path parameter is matched whole and always encoded', async () => {
  const { method, url, body } = await requestOf((api) => api.getTodo({ todoId: 'a/b?c#d%20é {todoId}' }))
  assert.deepEqual([method, url, body], ['GET', '/todos/a%2Fb%3Fc%23d%2520%C3%A9%20%7BtodoId%7D', ''])
})

test('a missing path parameter throws and sends nothing', async () => {
  for (const todoId of [undefined, null, '', '.', '..']) {
    await rejects((api) => api.getTodo({ todoId }), /^TypeError: GET \/todos\/\{todoId\} needs `todoId`, not/)
  }
  await rejects((api) => api.get('/call/{constructor}', {}), /needs `constructor`/)
})

test('a parameter for the rest of the path keeps its slashes and takes no steps', async () => {
  const { url } = await requestOf((api) => api.readFile({ path: 'a b/c?.txt', download: true }))
  assert.equal(url, '/files/a%20b/c%3F.txt?download=true')
  await rejects((api) => api.readFile({ path: 'a/../../secret' }), TypeError)
})

test('the query repeats the key of a list and leaves out null and undefined', async () => {
  const { url, headers } = await requestOf((api) =>
    api.listTodos({ completed: false, search: 'a&b=c +é', tags: ['x', 'y'], limit: null, missing: undefined }),
  )
  assert.equal(url, '/todos?completed=false&search=a%26b%3Dc+%2B%C3%A9&tags=x&tags=y')
  assert.equal(headers['content-type'], undefined)
})

test('an empty query leaves no question mark', async () => {
  const { url } = await requestOf((api) => api.listTodos({ tags: [] }))
  assert.equal(url, '/todos')
})

test('other fields travel as JSON, where null says something', async () => {
  const request = await requestOf((api) => api.updateTodo({ todoId: '1', title: 'é', due: null, completed: undefined }))
  assert.deepEqual([request.method, request.url], ['PATCH', '/todos/1'])
  assert.equal(request.headers['content-type'], 'application/json')
  assert.deepEqual(request.json(), { title: 'é', due: null })
})

test('a call without fields has no body', async () => {
  for (const call of [(api) => api.logout(), (api) => api.post('/logout'), (api) => api.updateTodo({ todoId: '1' })]) {
    const { body, headers } = await requestOf(call)
    assert.deepEqual([body, headers['content-type']], ['', undefined])
  }
})

test('the input is left as it was', async () => {
  const input = Object.freeze({ todoId: '1', title: 'a' })
  await requestOf((api) => api.updateTodo(input))
  assert.deepEqual(input, { todoId: '1', title: 'a' })
})

test('fields go where the route says', async () => {
  const input = { before: 'b', dryRun: true, reasons: [{ constructor: 'c' }] }
  const request = await requestOf((api) => api.purgeTodos(input))
  assert.deepEqual([request.method, request.url], ['DELETE', '/todos?before=b&dryRun=true'])
  assert.deepEqual(request.json(), { reasons: [{ constructor: 'c' }] })
  const byPath = await requestOf((api) => api.post('/copy', { id: 1n, dryRun: false }))
  assert.deepEqual([byPath.url, byPath.body], ['/copy?dryRun=false', '{"id":1}'])
})

test('an input that is no object is the body', async () => {
  for (const list of [[], ['low']]) {
    const request = await requestOf((api) => api.sortPriorities(list))
    assert.deepEqual(request.json(), list)
  }
})

test('unknown keys travel with the fields', async () => {
  const { url } = await requestOf((api) => api.findExtra({ name: 'a', priority: 'low', apples: 1, pears: 2 }))
  assert.equal(url, '/extra?name=a&priority=low&apples=1&pears=2')
})

test('strange names survive', async () => {
  const input = { 'kebab-case': 1, größe: 2, class: 'c', constructor: 'd', ['__proto__']: 'e', 'it\'s "quoted"\n': true }
  const request = await requestOf((api) => api.delete_(input))
  assert.equal(request.body, JSON.stringify(input))
})

test('files travel in a form, behind all other fields', async () => {
  const request = await requestOf((api) =>
    api.attachFiles({
      file: new File(['one'], 'one.txt', { type: 'text/plain' }),
      more: [new Blob(['two']), new Blob(['three'])],
      todoId: '1',
      caption: null,
      labels: ['a', 'b'],
      details: [{ n: 9007199254740993n }],
    }),
  )
  assert.match(request.headers['content-type'], /^multipart\/form-data; boundary=/)
  const names = [...request.body.matchAll(/ name="(\w+)"/g)].map(([, name]) => name)
  assert.deepEqual(names, ['labels', 'labels', 'details', 'file', 'more', 'more'])
  assert.match(request.body, /name="details"\r\n\r\n\[{"n":9007199254740993}\]\r\n/)
  assert.match(request.body, /filename="one.txt"\r\nContent-Type: text\/plain\r\n\r\none\r\n/)
})

test('nested data is in a form even if it is empty, and lists of text are not', async () => {
  const request = await requestOf((api) =>
    api.attachFiles({ file: new Blob(['one']), more: [], todoId: '1', labels: [], details: [] }),
  )
  assert.match(request.body, /name="details"\r\n\r\n\[\]\r\n/)
  assert.doesNotMatch(request.body, /name="labels"/)
})

test('half a character can not stand in a path', async () => {
  const { url, requests } = await serve()
  const api = new PikkuFetch({ serverUrl: url })
  await assert.rejects(api.getTodo({ todoId: 'a\ud800' }), { name: 'TypeError', message: /needs `todoId`/ })
  await api.getTodo({ todoId: '\u{1f4dd}' })
  assert.deepEqual(requests.map(({ url }) => url), ['/todos/%F0%9F%93%9D'])
})

test('headers of the client and of the call', async () => {
  const { url, requests } = await serve()
  const api = new PikkuFetch({ serverUrl: `${url}/`, headers: { 'X-App': 'a', 'X-Other': 'b' } })
  api.setAPIKey('key')
  api.setAuthorizationJWT('token')
  api.setHeader('x-app', 'c')
  await api.whoami({ headers: { 'x-OTHER': 'd' } })
  api.setAPIKey(null)
  api.setAuthorizationJWT(undefined)
  await api.whoami()
  const [first, second] = requests.map(({ headers }) => headers)
  assert.deepEqual(
    [first['x-api-key'], first.authorization, first['x-app'], first['x-other']],
    ['key', 'Bearer token', 'c', 'd'],
  )
  assert.deepEqual([second['x-api-key'], second.authorization, second['x-other']], [undefined, undefined, 'b'])
})

test('the server can be changed, and may lie below a path', async () => {
  const { url, requests } = await serve()
  const api = new PikkuFetch()
  api.setServerUrl(`${url}/api/`)
  await api.whoami()
  assert.equal(requests[0].url, '/api/me')
})

test('a fetch of one’s own sends the requests', async () => {
  const seen = []
  const fetch = async (url, init) => (seen.push([url, init.method]), new Response('{}'))
  await new PikkuFetch({ serverUrl: 'http://nowhere', fetch }).whoami()
  assert.deepEqual(seen, [['http://nowhere/me', 'GET']])
})

test('methods, paths and operations make the same request', async () => {
  const input = { todoId: '1', title: 'a' }
  const calls = [
    (api) => api.updateTodo(input),
    (api) => api.patch('/todos/{todoId}', input),
    (api) => api.call(operations.updateTodo, input),
    (api) => new Client({ serverUrl: api.serverUrl }).call(operations.updateTodo, input),
  ]
  const requests = await Promise.all(calls.map(requestOf))
  assert.deepEqual(
    requests.map(({ method, url, body }) => [method, url, body]),
    calls.map(() => ['PATCH', '/todos/1', '{"title":"a"}']),
  )
})
