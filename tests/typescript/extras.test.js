// The parts that are imported by whoever wants them.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bearer, retry, sse, timeout } from './fixture/pikku-extras.js'
import { PikkuFetch } from './fixture/pikku-fetch.js'
import { problem, serve } from './server.js'

const client = async (answer, wrap) => {
  const { url, requests } = await serve(answer)
  return { api: new PikkuFetch({ serverUrl: url, fetch: wrap }), requests }
}

const busy = (headers) => ({ ...problem(503, 'busy'), headers })

test('timeout: a late answer ends the call, a stream may go on', async () => {
  const { api } = await client(() => {}, timeout(20))
  await assert.rejects(api.whoami(), { name: 'TimeoutError' })

  const { api: streaming } = await client((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
    setTimeout(() => response.end('data: 2\n\n'), 2500)
  }, timeout(2000))
  const items = []
  for await (const item of sse(streaming.watchTodo({ todoId: '1' }))) items.push(item)
  assert.deepEqual(items, [1, 2])
})

test('timeout: the signal of a call still works', async () => {
  const { api } = await client(() => {}, timeout(10_000))
  await assert.rejects(api.whoami({ signal: AbortSignal.timeout(10) }), { name: 'TimeoutError' })
  await assert.rejects(api.whoami({ signal: AbortSignal.abort(new Error('before')) }), /before/)
})

test('retry: idempotent calls are repeated until they succeed', async () => {
  const { api, requests } = await client((_, __, count) => (count < 3 ? busy() : { body: 1 }), retry({ backoff: 1 }))
  assert.equal(await api.whoami(), 1)
  assert.equal(requests.length, 3)
})

test('retry: the last answer stands', async () => {
  const { api, requests } = await client(() => busy(), retry({ attempts: 2, backoff: 1 }))
  await assert.rejects(api.deleteTodo({ todoId: '1' }), { status: 503, code: 'busy' })
  assert.equal(requests.length, 2)
})

test('retry: a lost connection counts as well', async () => {
  const { api, requests } = await client(
    (_, response, count) => (count < 2 ? void response.destroy() : { body: 1 }),
    retry({ backoff: 1 }),
  )
  assert.equal(await api.whoami(), 1)
  assert.equal(requests.length, 2)
})

test('retry: what is not idempotent, or did not fail for a while only, is not repeated', async () => {
  const { api, requests } = await client(() => busy(), retry({ backoff: 1 }))
  await assert.rejects(api.createTodo({ title: 'a' }), { status: 503 })
  await assert.rejects(api.updateTodo({ todoId: '1' }), { status: 503 })
  assert.equal(requests.length, 2)
  const { api: other, requests: more } = await client(() => problem(404, 'todo_not_found'), retry({ backoff: 1 }))
  await assert.rejects(other.getTodo({ todoId: '1' }), { status: 404 })
  assert.equal(more.length, 1)
})

test('retry: it waits as long as the server asks for, and not for ever', async () => {
  const { api } = await client((_, __, count) => (count < 2 ? busy({ 'retry-after': '1' }) : { body: 1 }), retry({ backoff: 1 }))
  const start = performance.now()
  await api.whoami()
  assert.ok(performance.now() - start >= 990)

  const date = new Date(Date.now() + 3_600_000).toUTCString()
  for (const after of ['3600', date]) {
    const { api: patient, requests } = await client(() => busy({ 'retry-after': after }), retry())
    await assert.rejects(patient.whoami(), { status: 503 })
    assert.equal(requests.length, 1)
  }
})

test('retry: a signal ends the waiting', async () => {
  const { api, requests } = await client(() => busy({ 'retry-after': '5' }), retry())
  const start = performance.now()
  await assert.rejects(api.whoami({ signal: AbortSignal.timeout(30) }), { name: 'TimeoutError' })
  assert.ok(performance.now() - start < 1000)
  assert.equal(requests.length, 1)
})

const signedIn = (token) => (request) =>
  request.headers.authorization === `Bearer ${token}` ? { body: 1 } : problem(401, 'invalid_token')

test('bearer: one refresh serves all calls that failed meanwhile, and none comes after it', async () => {
  let refreshes = 0
  const refresh = async (old) => {
    refreshes++
    await new Promise((resolve) => setTimeout(resolve, 20))
    return `${old}+`
  }
  const { api, requests } = await client(signedIn('a+'), bearer('a', refresh))
  assert.deepEqual(await Promise.all([api.whoami(), api.whoami(), api.createTodo({ title: 'a' })]), [1, 1, 1])
  assert.equal(await api.whoami(), 1)
  assert.deepEqual([refreshes, requests.length], [1, 7])
})

test('bearer: a late 401 does not refresh again', async () => {
  let refreshes = 0
  let release
  const late = new Promise((resolve) => (release = resolve))
  const answer = async (request, _, count) => {
    if (count === 1) await late
    return signedIn('b')(request)
  }
  const { api } = await client(answer, bearer('a', () => (refreshes++, 'b')))
  const slow = api.whoami()
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(await api.whoami(), 1)
  release()
  assert.equal(await slow, 1)
  assert.equal(refreshes, 1)
})

test('bearer: without another token the 401 stands', async () => {
  for (const refresh of [() => undefined, () => 'a', async () => null]) {
    const { api, requests } = await client(signedIn('b'), bearer('a', refresh))
    await assert.rejects(api.whoami(), { status: 401, code: 'invalid_token' })
    assert.equal(requests.length, 1)
  }
})

test('bearer: a refresh that fails fails the calls, and the next call tries again', async () => {
  let count = 0
  const refresh = async () => {
    if (++count === 1) throw new Error('no refresh')
    return 'b'
  }
  const { api } = await client(signedIn('b'), bearer('a', refresh))
  await assert.rejects(api.whoami(), /no refresh/)
  assert.equal(await api.whoami(), 1)
})

test('wrappers wrap each other', async () => {
  const answer = (request, _, count) => (count < 2 ? busy() : signedIn('b')(request))
  const { api, requests } = await client(answer, retry({ backoff: 1 }, bearer('a', () => 'b', timeout(1000))))
  assert.equal(await api.whoami(), 1)
  assert.equal(requests.length, 3)
})

/** The values of a stream that arrives in these chunks. */
const streamed = async (...chunks) => {
  const { api } = await client(async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const chunk of chunks) {
      response.write(chunk)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    response.end()
  })
  const items = []
  for await (const item of sse(api.watchTodo({ todoId: '1' }))) items.push(item)
  return items
}

test('sse: events are found however they are cut and broken', async () => {
  assert.deepEqual(await streamed('data: 1\n\ndata: 2\n\n'), [1, 2])
  assert.deepEqual(await streamed('da', 'ta: {"a"', ':"', Buffer.from([0xc3]), Buffer.from([0xa9]), '"}\n', '\n'), [{ a: 'é' }])
  assert.deepEqual(await streamed('data: 1\r', '\n\r', '\ndata: 2\r\rdata: 3\r\n\r\n'), [1, 2, 3])
  assert.deepEqual(await streamed('data:[1,\ndata: 2]\nid: 7\n\n: comment\n\nevent: x\ndata\n: c\ndata: 3\n\n'), [[1, 2], 3])
})

test('sse: an event that is not complete is none', async () => {
  assert.deepEqual(await streamed('data: 1\n\ndata: 2'), [1])
})

test('sse: a call that is refused has its own error, before the stream', async () => {
  const { api } = await client(() => problem(404, 'todo_not_found', { data: { todoId: '1' } }))
  await assert.rejects(sse(api.watchTodo({ todoId: '1' })).next(), { status: 404, code: 'todo_not_found' })
})

test('sse: an error in the middle is thrown', async () => {
  const data = JSON.stringify(problem(500, 'internal_error').body)
  await assert.rejects(streamed(`data: 1\n\nevent: error\ndata: ${data}\n\n`), { status: 500, code: 'internal_error' })
})

test('sse: leaving the loop closes the connection', async () => {
  let closed
  const gone = new Promise((resolve) => (closed = resolve))
  const { api } = await client((_, response) => {
    response.on('close', closed)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
  })
  for await (const item of sse(api.watchTodo({ todoId: '1' }))) {
    assert.equal(item, 1)
    break
  }
  await gone
})
