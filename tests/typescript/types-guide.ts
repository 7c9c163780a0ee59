// Checked by `tsc` and never run: the snippets of the authentication guide, typed as the todo example has them.

import { PikkuFetch } from '../../examples/todo/web/pikku/pikku-fetch.js'
import { PikkuWebSocket } from '../../examples/todo/web/pikku/pikku-websocket.js'

declare const serverUrl: string, apiKey: string, token: string, process: { env: { API_BASE_URL: string } }

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
