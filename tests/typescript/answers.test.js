// How an answer becomes a value or an error.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { PikkuError, PikkuFetch } from './fixture/pikku-fetch.js'
import { problem, serve } from './server.js'

const apiFor = async (answer) => new PikkuFetch({ serverUrl: (await serve(answer)).url })

test('a JSON answer is the output', async () => {
  const todo = { todoId: '1', due: '2020-01-01T00:00:00Z' }
  const api = await apiFor(() => ({ body: todo }))
  assert.deepEqual(await api.getTodo({ todoId: '1' }), todo)
  const result = await api.getTodo({ todoId: '1' }).result()
  assert.deepEqual([result.ok, result.data, result.response.status], [true, todo, 200])
})

test('falsy outputs are outputs', async () => {
  for (const body of [null, false, 0, '""']) {
    const api = await apiFor(() => ({ body }))
    assert.deepEqual(await api.whoami(), body === '""' ? '' : body)
  }
})

test('204 is undefined', async () => {
  const api = await apiFor(() => ({ status: 204 }))
  assert.equal(await api.deleteTodo({ todoId: '1' }), undefined)
})

test('a refused call throws its problem', async () => {
  const data = { todoId: '1' }
  const errors = [{ pointer: '/title', detail: 'too long' }]
  const api = await apiFor(() =>
    problem(404, 'todo_not_found', { detail: 'no todo 1', data, errors, request_id: 'r1' }),
  )
  const error = await api.getTodo({ todoId: '1' }).catch((error) => error)
  assert.ok(error instanceof PikkuError)
  assert.ok(error instanceof Error)
  const { name, message, status, code, title, detail, requestId, response } = error
  assert.deepEqual(
    { name, message, status, code, title, detail, data: error.data, errors: error.errors, requestId },
    {
      name: 'PikkuError', message: 'no todo 1', status: 404, code: 'todo_not_found', title: 'Title',
      detail: 'no todo 1', data, errors, requestId: 'r1',
    },
  )
  assert.equal(response.status, 404)
})

test('result() gives the error without throwing, and leaves no unhandled rejection behind', async () => {
  const unhandled = []
  const remember = (error) => unhandled.push(error)
  process.on('unhandledRejection', remember)
  const api = await apiFor(() => problem(409, 'title_taken'))
  const result = await api.createTodo({ title: 'a' }).result()
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', remember)
  assert.deepEqual([result.ok, result.error.code, result.error.errors], [false, 'title_taken', []])
  assert.deepEqual(unhandled, [])
})

test('errors that are no problems keep the status', async () => {
  const bodies = ['', '<h1>Bad gateway</h1>', '"text"', 'null', '[1]', '{"message":"no"}']
  for (const body of bodies) {
    const api = await apiFor(() => ({ status: 502, body, headers: { 'content-type': 'text/html' } }))
    const error = await api.whoami().catch((error) => error)
    assert.ok(error instanceof PikkuError, body)
    assert.deepEqual([error.status, error.code, error.message], [502, 'http_error', 'HTTP 502'])
  }
})

test('an empty 500 is an error', async () => {
  const api = await apiFor(() => ({ status: 500 }))
  await assert.rejects(api.logout(), { name: 'PikkuError', status: 500 })
})

test('a success that is not JSON is not taken for one', async () => {
  const api = await apiFor(() => ({ body: '<h1>Log in to the hotel</h1>', headers: { 'content-type': 'text/html' } }))
  await assert.rejects(api.whoami(), SyntaxError)
})

test('a server that is not there rejects both ways', async () => {
  const api = new PikkuFetch({ serverUrl: 'http://127.0.0.1:1' })
  await assert.rejects(api.whoami(), TypeError)
  await assert.rejects(api.whoami().result(), TypeError)
})

test('a raw answer is the response', async () => {
  const api = await apiFor(() => ({ body: 'some text', headers: { 'content-type': 'text/plain' } }))
  for (const call of [api.readFile({ path: 'a' }), api.get('/files/{*path}', { path: 'a' })]) {
    const response = await call
    assert.deepEqual([response.headers.get('content-type'), await response.text()], ['text/plain', 'some text'])
  }
  const failing = await apiFor(() => problem(404, 'no_file'))
  await assert.rejects(failing.readFile({ path: 'a' }), { code: 'no_file' })
})

test('a signal ends a call', async () => {
  const api = await apiFor(() => {})
  const controller = new AbortController()
  const call = api.whoami({ signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(call, /enough/)
  await assert.rejects(api.whoami({ signal: AbortSignal.abort(new Error('before')), timeout: 1000 }), /before/)
})

test('a timeout ends a call, whether the headers or the body are late', async () => {
  const silent = await apiFor(() => {})
  await assert.rejects(silent.whoami({ timeout: 20 }), { name: 'TimeoutError' })
  const halfway = await apiFor((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{"todoId":')
  })
  await assert.rejects(halfway.whoami({ timeout: 50 }), { name: 'TimeoutError' })
})

test('a signal still ends a call that has a timeout', async () => {
  const api = await apiFor(() => {})
  const controller = new AbortController()
  const call = api.whoami({ signal: controller.signal, timeout: 10_000 })
  setTimeout(() => controller.abort(new Error('enough')), 10)
  await assert.rejects(call, /enough/)
})
