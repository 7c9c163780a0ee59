// The generated client against the server that it was generated for: what the one says is what the other does.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sse } from './generated/pikku-extras.js'
import { PikkuError, PikkuFetch } from './generated/pikku-fetch.js'
import { startServer } from './real-server.js'

const serverUrl = await startServer()
const client = (key) => {
  const api = new PikkuFetch({ serverUrl })
  if (key) api.setAPIKey(key)
  return api
}

/** What a call fails with. */
const failure = async (call) => {
  const result = await call.result()
  assert.equal(result.ok, false)
  assert.ok(result.error instanceof PikkuError)
  const { status, code } = result.error
  return { status, code, error: result.error }
}

test('path, query and body reach the function as one input', async () => {
  const input = { itemId: 7, text: 'a/b ?&=+%✓', count: -3n, tags: ['x y', ''], numbers: [1, 2], flag: false, offset: 5 }
  const query = await client().readItem(input)
  const body = await client().writeItem(input)
  for (const answer of [query, body]) {
    assert.deepEqual([answer.itemId, answer.text, answer.count, answer.tags], [7, input.text, -3n, input.tags])
    assert.deepEqual([answer.numbers, answer.flag, answer.offset], [[1, 2], false, 5])
  }
})

test('path calls are the same calls', async () => {
  assert.equal(await client().get('/same/{name}', { name: 'ä/ö' }), 'ä/ö')
  assert.equal(await client().put('/same/{title}', { title: '%' }), '%')
  assert.equal(await client().delete('/items/{itemId}', { itemId: 1 }), undefined)
})

test('errors of a function are told apart by their codes, with their payloads', async () => {
  const { status, code, error } = await failure(client().end({ how: 'taken' }))
  assert.deepEqual([status, code, error.data], [409, 'name_taken', { name: 'a', free: ['b'] }])
  const many = await failure(client().end({ how: 'too_many' }))
  assert.deepEqual([many.status, many.error.data], [429, 3])
  const internal = await failure(client().end({ how: 'internal' }))
  assert.deepEqual([internal.status, internal.code], [500, 'internal_error'])
  assert.match(internal.error.requestId, /^[0-9a-f]{32}$/)
})

test('broken constraints name their fields', async () => {
  const input = { longTitle: '', priority: 9, parts: [{ n: 0 }] }
  const { status, error } = await failure(client().constrained(input))
  assert.equal(status, 422)
  assert.deepEqual(error.errors.map(({ pointer }) => pointer), ['/longTitle', '/parts/0/n', '/priority'])
})

test('an API key or a token signs in', async () => {
  assert.deepEqual(await failure(client().me()).then(({ status, code }) => [status, code]), [401, 'unauthorized'])
  assert.deepEqual(await failure(client('wrong').me()).then(({ status, code }) => [status, code]), [401, 'invalid_token'])
  assert.equal(await client('key-of-ada').me(), 'ada')
  const { token } = await client().login({ name: 'eve' })
  const api = client()
  api.setAuthorizationJWT(token)
  assert.equal(await api.me(), 'eve')
  assert.equal(await client().who(), null)
})

test('permissions are 403', async () => {
  const { status, code } = await failure(client('key-of-ada').changeThing({ owner: 'eve' }))
  assert.deepEqual([status, code], [403, 'forbidden'])
  assert.equal(await client('key-of-ada').changeThing({ owner: 'ada' }), undefined)
})

test('a stream is iterated, value by value', async () => {
  const lines = []
  for await (const line of sse(client('key-of-ada').lines({ count: 3 }))) lines.push(line)
  assert.deepEqual(lines.map(({ n }) => n), [0, 1, 2])
  assert.equal(lines[0].text, 'one\n\ndata: {"n":99}\r\r\u2028')
})

test('files are sent as a form', async () => {
  const picture = new File([new Uint8Array([1, 2, 3])], 'a.png')
  const received = await client().setPicture({ picture, caption: 'me', width: 7 })
  assert.deepEqual(received, { text: 'me 7 a.png', bytes: 3n, sum: 6 })
  const files = [new File(['1'], 'one'), new File(['2'], 'two')]
  assert.equal((await client().addFiles({ files })).text, 'onetwo')
})

test('a call can be cancelled', async () => {
  const controller = new AbortController()
  const call = client().end({ how: 'late' }, { signal: controller.signal })
  setTimeout(() => controller.abort(), 50)
  await assert.rejects(Promise.resolve(call), { name: 'AbortError' })
})
