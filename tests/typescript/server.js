// A real HTTP server for one test: it answers as told, and remembers what it was asked.

import { createServer } from 'node:http'
import { after } from 'node:test'

/**
 * Serves until the tests of the file are over. `answer` gets each request, with its body as text, and returns
 * `{ status, headers, body }` or writes to the response itself.
 */
export const serve = async (answer = () => ({ body: null })) => {
  const requests = []
  const server = createServer(async (incoming, response) => {
    const chunks = []
    for await (const chunk of incoming) chunks.push(chunk)
    const { method, url, headers } = incoming
    const body = Buffer.concat(chunks).toString()
    const request = { method, url, headers, body, json: () => JSON.parse(body) }
    requests.push(request)
    const told = await answer(request, response, requests.length)
    if (!told) return
    const text = typeof told.body == 'string' ? told.body : told.body === undefined ? '' : JSON.stringify(told.body)
    response.writeHead(told.status ?? 200, { 'content-type': 'application/json', ...told.headers }).end(text)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { requests, url: `http://127.0.0.1:${server.address().port}` }
}

/** The answer that says a call failed. */
export const problem = (status, code, more = {}) => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: { type: 'about:blank', title: 'Title', status, code, ...more },
})
