// Checked by `tsc` and never run: how the guide to authentication uses the client, typed as the todo example has it.
// `tests/guide` sees to it that each block of TypeScript in `docs/authentication.md` stands here.

import { bearer } from '../../examples/todo/web/pikku/pikku-extras.js'
import { PikkuFetch } from '../../examples/todo/web/pikku/pikku-fetch.js'
import { PikkuWebSocket } from '../../examples/todo/web/pikku/pikku-websocket.js'

declare const serverUrl: string, apiKey: string, token: string, process: { env: { API_BASE_URL: string } }
declare function freshToken(): Promise<string>
declare function showLogin(): void

export async function httpClient() {
  const pikkuFetch = new PikkuFetch({
    serverUrl: process.env.API_BASE_URL,
  })
  pikkuFetch.setAPIKey(apiKey)
  const todos = await pikkuFetch.get('/todos')
  const titles: string[] = todos.todos.map(({ title }) => title)
  // @ts-expect-error: no such route
  await pikkuFetch.get('/todo')
  return titles
}

export function webSocketClient() {
  const websocket = new PikkuWebSocket<'events'>(serverUrl, apiKey)
  websocket.ws.onopen = async () => {
    websocket.send({
      action: 'auth',
      token,
    })
    // @ts-expect-error: a token is text
    websocket.send({ action: 'auth', token: 1 })
    // @ts-expect-error: no such action
    websocket.send({ action: 'authenticate', token })
  }
  websocket.subscribe('todo-created', ({ title }) => title.length)
  // @ts-expect-error: no such channel
  return new PikkuWebSocket<'todos'>(serverUrl, apiKey)
}

export async function apiKeys() {
  const api = new PikkuFetch({ serverUrl })
  api.setAPIKey(apiKey)
  const todos = await api.listTodos()
  const me = await api.getMe().result()
  if (!me.ok && me.error.status === 401) showLogin()
  return todos
}

export function bearerTokens() {
  const api = new PikkuFetch({ serverUrl, fetch: bearer(token, freshToken) })
  // @ts-expect-error: a token comes from a function
  new PikkuFetch({ serverUrl, fetch: bearer(token, token) })
  return api
}

export async function socketsWithCredentials() {
  const events = new PikkuWebSocket<'events'>(serverUrl, { token: freshToken })
  const todos = await events.request('list')
  return todos
}

export function socketsThatSignIn() {
  const events = new PikkuWebSocket<'events'>(serverUrl, {
    signIn: async calls => calls.request('auth', { token: await freshToken() }),
  })
  // @ts-expect-error: a key is text
  new PikkuWebSocket<'events'>(serverUrl, { apiKey: 7 })
  return events
}
