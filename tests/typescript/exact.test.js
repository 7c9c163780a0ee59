// Integers of 64 and more bits keep all their digits, both ways.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sse } from './fixture/pikku-extras.js'
import { PikkuFetch } from './fixture/pikku-fetch.js'
import { problem, serve } from './server.js'

const json = (number) =>
  `{"id":18446744073709551615,"balance":-170141183460469231731687303715884105728,"small":7,"ratio":1.0,` +
  `"history":[-9223372036854775808,0,9007199254740993],"named":{"a":9007199254740993,"b":2},"pair":[1,${number}],` +
  `"parent":null,"event":{"Moved":{"from":-1,"to":9223372036854775807}},"either":[1,9007199254740993],` +
  `"tagged":{"kind":"Two","data":[3,4]},"text":"9007199254740993, \\"9007199254740993\\\\"}`

const value = (number) => ({
  id: 18446744073709551615n,
  balance: -170141183460469231731687303715884105728n,
  small: 7,
  ratio: 1,
  history: [-9223372036854775808n, 0n, 9007199254740993n],
  named: { a: 9007199254740993n, b: 2n },
  pair: [1, number],
  parent: null,
  event: { Moved: { from: -1n, to: 9223372036854775807n } },
  either: [1n, 9007199254740993n],
  tagged: { kind: 'Two', data: [3, 4n] },
  text: '9007199254740993, "9007199254740993\\',
})

test('integers survive the way there and back', async () => {
  const { url, requests } = await serve(({ body }) => ({ body }))
  const api = new PikkuFetch({ serverUrl: url })
  const sent = { ...value(5n), parent: { ...value(6n), either: 'text', event: 'Nothing', tagged: { kind: 'Empty' } } }
  assert.deepEqual(await api.echoExact(sent), sent)
  assert.match(requests[0].body, /"id":18446744073709551615,/)
  assert.match(requests[0].body, /"balance":-170141183460469231731687303715884105728,/)
  assert.deepEqual(await api.post('/exact', sent), sent)
})

test('every path of a function is exact', async () => {
  const { url, requests } = await serve(({ body }) => ({ body: `{"id":1,${body.slice(1)}` }))
  const api = new PikkuFetch({ serverUrl: url })
  const { id, ...rest } = value(18446744073709551615n)
  assert.deepEqual(await api.put('/exact/{id}', { id: 18446744073709551615n, ...rest }), { id: 1n, ...rest })
  assert.equal(requests[0].url, '/exact/18446744073709551615')
})

test('what serde writes is read', async () => {
  const { url } = await serve(() => ({ body: json(5) }))
  assert.deepEqual(await new PikkuFetch({ serverUrl: url }).echoExact(value(5n)), value(5n))
})

test('untagged variants are told apart', async () => {
  for (const [text, either] of [['"5"', '5'], ['5', 5n], ['9007199254740993', 9007199254740993n], [json(1), value(1n)]]) {
    const { url } = await serve(() => ({ body: json(5).replace('[1,9007199254740993]', text) }))
    const answer = await new PikkuFetch({ serverUrl: url }).echoExact(value(5n))
    assert.deepEqual(answer.either, either)
  }
})

test('a text can not pass for an integer', async () => {
  const { url } = await serve(({ body }) => ({ body }))
  const texts = ['\0n:1', '\u00000.5:12', '123456789012345678901234567890', '"1"', '\\', 'a\\"1']
  for (const text of texts) {
    const answer = await new PikkuFetch({ serverUrl: url }).echoExact({ ...value(5n), text })
    assert.equal(answer.text, text)
  }
})

test('maps of integers', async () => {
  const { url } = await serve(({ body }) => ({ body }))
  const api = new PikkuFetch({ serverUrl: url })
  assert.deepEqual(await api.count({ a: 1n, b: 9007199254740993n }), { a: 1n, b: 9007199254740993n })
  const odd = { ['__proto__']: 1n, constructor: 2n }
  assert.deepEqual(Object.entries(await api.count(odd)), [['__proto__', 1n], ['constructor', 2n]])
})

test('the data of an error', async () => {
  const { url } = await serve(() => problem(429, 'quota_exceeded', { data: { limit: 5 } }))
  const { error } = await new PikkuFetch({ serverUrl: url }).echoExact(value(5n)).result()
  assert.deepEqual([error.code, error.data], ['quota_exceeded', { limit: 5n }])
})

test('an error that is no problem', async () => {
  const { url } = await serve(() => ({ status: 502, body: '<h1>9007199254740993</h1>' }))
  await assert.rejects(new PikkuFetch({ serverUrl: url }).echoExact(value(5n)), { status: 502 })
})

test('the events of a stream', async () => {
  const headers = { 'content-type': 'text/event-stream' }
  const { url } = await serve(() => ({ headers, body: `data: ${json(5)}\n\n` }))
  const items = []
  for await (const item of sse(new PikkuFetch({ serverUrl: url }).watchExact())) items.push(item)
  assert.deepEqual(items, [value(5n)])
})
