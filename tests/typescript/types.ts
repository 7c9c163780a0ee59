// Checked by `tsc` and never run: what the declarations of the generated client allow, refuse and know.

import { Client, PikkuError, PikkuFetch, type Todo } from './fixture/pikku-fetch.js'
import { bearer, retry, sse, timeout } from './fixture/pikku-extras.js'
import * as operations from './fixture/pikku-operations.js'
import type {
  Adjacent, DeleteTodoError, Either, Event, Exact, Extra, Flat, Shape, Strange, Tree, UpdateTodoError,
} from './fixture/pikku-types.js'

/** Compiles only if both types are the same. */
const same = <Left, Right>(_: (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false) => {}

const api = new PikkuFetch({ serverUrl: 'http://localhost', headers: { 'x-app': 'tests' } })
api.setServerUrl('')
api.setAPIKey(undefined)
api.setAuthorizationJWT('token')
api.setHeader('x-app', null)
new PikkuFetch({ fetch: retry({ attempts: 2 }, bearer('a', async (token) => `${token}+`, timeout(1000, fetch))) })
new PikkuFetch({ fetch })

export async function inputsAndOutputs() {
  const todo = await api.getTodo({ todoId: '1' }, { signal: AbortSignal.abort(), timeout: 10, headers: { a: 'b' } })
  same<typeof todo, Todo>(true)
  // @ts-expect-error: a required field is missing
  await api.getTodo({})
  // @ts-expect-error: the input itself is missing
  await api.getTodo()
  // @ts-expect-error: a field of the wrong type
  await api.getTodo({ todoId: 1 })
  // @ts-expect-error: no such field
  await api.createTodo({ title: 'a', colour: 'red' })

  await api.listTodos()
  await api.listTodos({ completed: true, tags: ['a'] })
  const page = await api.listTodos({ limit: null })
  const first = page.items[0]
  same<typeof first, Todo | undefined>(true)

  await api.whoami()
  await api.whoami({ timeout: 10 })
  // @ts-expect-error: it takes no input
  await api.whoami({ todoId: '1' })
  const nothing = await api.deleteTodo({ todoId: '1' })
  same<typeof nothing, void>(true)
  await api.sortPriorities(['low', 'high'])
  // @ts-expect-error: no such variant
  await api.sortPriorities(['medium'])
  await api.attachFiles({ todoId: '1', file: new Blob(), more: [new File([], 'a')], labels: [], details: [{ n: 1n }] })
  const file = await api.readFile({ path: 'a/b' })
  same<typeof file, Response>(true)
  // @ts-expect-error: a function without a route has no method
  await api.onlySocket()
}

export async function paths() {
  const todo = await api.get('/todos/{todoId}', { todoId: '1' })
  same<typeof todo, Todo>(true)
  await api.get('/todos')
  await api.get('/me', undefined, { timeout: 10 })
  await api.patch('/todos/{todoId}', { todoId: '1', title: 'b' })
  // @ts-expect-error: no such path
  await api.get('/nowhere')
  // @ts-expect-error: a path of another method
  await api.post('/todos/{todoId}', { todoId: '1' })
  // @ts-expect-error: the input is missing
  await api.get('/todos/{todoId}')
}

export async function asValues() {
  const client = new Client({ serverUrl: 'http://localhost' })
  const todo = await client.call(operations.getTodo, { todoId: '1' })
  same<typeof todo, Todo>(true)
  await api.call(operations.listTodos)
  await client.call(operations.whoami, undefined, { timeout: 10 })
  // @ts-expect-error: the input is missing
  await client.call(operations.getTodo)
}

export async function errors() {
  const result = await api.updateTodo({ todoId: '1', due: null }).result()
  if (result.ok) {
    same<typeof result.data, Todo>(true)
    return
  }
  same<typeof result.error, UpdateTodoError>(true)
  const { error } = result
  switch (error.code) {
    case 'todo_not_found':
      same<typeof error.status, 404>(true)
      return error.data.todoId
    case 'title_taken':
      same<typeof error.data, undefined>(true)
      return error.status
    case 'invalid_input':
      return error.errors.map(({ pointer }) => pointer)
    case 'unauthorized':
    case 'invalid_token':
    case 'forbidden':
    case 'bad_request':
    case 'request_timeout':
    case 'payload_too_large':
    case 'unsupported_media_type':
    case 'internal_error':
    case 'deadline_exceeded':
      return error.requestId
    // @ts-expect-error: not an error of this function
    case 'quota_exceeded':
      return
    default:
      same<typeof error, never>(true)
  }
}

export function errorsByStatus(error: DeleteTodoError) {
  if (error.status === 404) return error.data.todoId
  // @ts-expect-error: only the error of 404 has data
  return error.data.todoId
}

export async function publicFunctions() {
  const result = await api.getTodo({ todoId: '1' }).result()
  // @ts-expect-error: nobody has to be signed in for it
  if (!result.ok && result.error.code === 'unauthorized') return
}

export async function refusedByWhatTheServerAdds() {
  const result = await api.getTodo({ todoId: '1' }).result()
  if (result.ok) return
  // @ts-expect-error: that there are limits is not known of any function
  if (result.error.status === 429) return
  const error: PikkuError = result.error
  return error.status === 429 || error.code === 'cross_site_request' ? error.data : undefined
}

export async function thrown() {
  try {
    await api.whoami()
  } catch (error) {
    if (error instanceof PikkuError) return `${error.status} ${error.code} ${error.message}`
  }
  return undefined
}

export async function streams() {
  for await (const todo of sse(api.watchTodo({ todoId: '1' }))) same<typeof todo, Todo>(true)
  for await (const exact of sse(await api.watchExact())) same<typeof exact, Exact>(true)
  // @ts-expect-error: not a stream
  sse(api.getTodo({ todoId: '1' }))
}

// The types accept what serde writes.
const todo = { todoId: '1', title: 'a', tags: [], completed: false, due: null } satisfies Todo
export const events: Event[] = ['Nothing', { At: 1n }, { Moved: { from: 1n, to: 2n } }]
export const eithers: Either[] = [1n, 'a', [1n, 2n]]
export const adjacents: Adjacent[] = [{ kind: 'Empty' }, { kind: 'One', data: 1n }, { kind: 'Two', data: [1, 2n] }]
export const shapes: Shape[] = [
  { type: 'unknown' },
  { type: 'point', x: 1, y: 2 },
  { type: 'named', ...todo },
  { type: 'bag', apples: 1 },
]
export const flat: Flat = { name: 'a', type: 'point', x: 1, y: 2 }
export const extra: Extra = { name: 'a', priority: 'low', apples: 1 }
export const tree: Tree = { a: { b: {} } }
export const strange: Strange = {
  'kebab-case': 1, größe: 2, class: 'a', constructor: 'b', 'it\'s "quoted"\n': true, ['__proto__']: null, old: null,
  any: [1, 'a'], set: ['a'], nested: [null, 'low'], tree: [tree],
}
// @ts-expect-error: a number is no bigint
export const wrong: Event = { At: 1 }
// @ts-expect-error: a field of another variant
export const mixed: Shape = { type: 'unknown', x: 1 }

export function narrow(shape: Shape) {
  return shape.type === 'named' ? shape.todoId : shape.type === 'point' ? shape.x : undefined
}
