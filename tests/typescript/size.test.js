// What the client costs a bundle: minified by esbuild, then gzip.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

import { build } from 'esbuild'

/** The size of a program that imports the generated client, in bytes. */
const sizeOf = async (contents) => {
  const stdin = { contents, resolveDir: import.meta.dirname ?? new URL('.', import.meta.url).pathname }
  const { outputFiles } = await build({ stdin, bundle: true, minify: true, format: 'esm', write: false })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

const check = async (context, contents, limit) => {
  const size = await sizeOf(contents)
  context.diagnostic(`${size} of ${limit} bytes`)
  assert.ok(size <= limit, `${size} bytes are more than ${limit}`)
}

/** A client with the usual functions of so many resources. */
const clientOf = (resources) => {
  const routes = Array.from({ length: resources }, (_, number) => {
    const path = `/things${number}`
    return `listThings${number}: 'GET ${path}', createThing${number}: 'POST ${path}', getThing${number}: 'GET ${path}/{id}',
      updateThing${number}: 'PATCH ${path}/{id}', deleteThing${number}: 'DELETE ${path}/{id}',`
  })
  return `
    import { clientWith } from './fixture/pikku-runtime.js'
    const PikkuFetch = clientWith({ ${routes.join('')} })
    export const api = new PikkuFetch()`
}

const operations = `
  import { Client } from './fixture/pikku-runtime.js'
  import { createTodo, getTodo } from './fixture/pikku-operations.js'
  const api = new Client({ serverUrl: 'http://localhost' })
  console.log(await api.call(getTodo, { todoId: '1' }), await api.call(createTodo, { title: 'a' }))`

test('the core, for one GET and one POST', (context) => check(context, operations, 1300))

test('the core with the methods and paths of a client', (context) => {
  const client = `
    import { clientWith } from './fixture/pikku-runtime.js'
    const PikkuFetch = clientWith({ getTodo: 'GET /todos/{todoId}', createTodo: 'POST /todos' })
    const api = new PikkuFetch({ serverUrl: 'http://localhost' })
    console.log(await api.get('/todos/{todoId}', { todoId: '1' }), await api.createTodo({ title: 'a' }))`
  return check(context, client, 1400)
})

test('all of HTTP', (context) => {
  const everything = `
    export { clientWith, Client, PikkuError } from './fixture/pikku-runtime.js'
    export * from './fixture/pikku-extras.js'`
  return check(context, everything, 2500)
})

test('a socket with everything that sockets do', (context) => {
  const socket = `
    import { socketFor } from './generated/pikku-socket-runtime.js'
    const EventsSocket = socketFor({ route: '/events' })
    const events = new EventsSocket('http://localhost', 'key')
    events.subscribe('todo-created', console.log)
    console.log(await events.request('subscribe', { topic: 'todo-created' }))`
  return check(context, socket, 2100)
})

test('a socket that is not used adds nothing', async () => {
  const size = await sizeOf(`import { PikkuWebSocket } from './generated/pikku-websocket.js'; console.log(1)`)
  assert.ok(size < 100, `${size} bytes`)
})

test('a route adds at most 5 bytes to the table of methods', async (context) => {
  const growth = ((await sizeOf(clientOf(100))) - (await sizeOf(clientOf(50)))) / 250
  context.diagnostic(`${growth} bytes`)
  assert.ok(growth <= 5, `${growth} bytes`)
})

test('operations that are not called add nothing', async () => {
  const all = operations.replace('createTodo, getTodo', 'createTodo, getTodo, echoExact, attachFiles, listTodos, watchTodo')
  // Other names of variables may compress a little worse or better.
  assert.ok(Math.abs((await sizeOf(all)) - (await sizeOf(operations))) < 8)
})

test('a client that is not used adds nothing', async () => {
  const size = await sizeOf(`import { PikkuFetch } from './fixture/pikku-fetch.js'; console.log(1)`)
  assert.ok(size < 100, `${size} bytes`)
})
