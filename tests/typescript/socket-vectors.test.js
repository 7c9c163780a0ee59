// The vectors that every client of a channel has to play.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { PikkuError } from './generated/pikku-runtime.js'
import { routeWith, socketFor } from './generated/pikku-socket-runtime.js'
import { FakeWebSocket, connect, connectFake } from './socket-server.js'

const vectors = JSON.parse(readFileSync(new URL('../vectors/channel.json', import.meta.url), 'utf8'))

for (const { rule, routing, ids, steps } of vectors.cases) {
  test(`vector: ${rule}`, async () => {
    const { socket, connection } = await connectFake({}, socketFor({ route: '/events', routing, ids }))
    const heard = []
    const calls = {}
    const filled = (frame) => JSON.parse(JSON.stringify(frame), (_, value) => calls[value]?.id ?? value)
    socket.subscribe('t', (topic) => heard.push({ topic }))
    socket.getRoute('whoami').subscribe((reply) => heard.push({ reply }))
    socket.onMessage((message) => heard.push({ message }))
    socket.heard.push = (error) => heard.push({ error: error.code })

    for (const { call, as, action, data, ...step } of steps) {
      if (call == 'send') socket.send(action, data)
      if (call == 'request') {
        const reply = socket.request(action, data)
        reply.catch(() => {})
        calls['$' + as] = { reply, id: connection.sent.at(-1).id }
      }
      if ('out' in step) assert.deepEqual(connection.sent.shift(), filled(step.out))
      if ('in' in step) await connection.receive(filled(step.in))
      if ('close' in step) await connection.end(step.close)
      if ('heard' in step) assert.deepEqual(heard, step.heard)
      if ('settled' in step) {
        const { ok, data, error } = await calls['$' + step.settled].reply.result()
        assert.equal(ok, !step.error)
        if (ok) assert.deepEqual(data, step.output)
        else for (const name in step.error) assert.deepEqual(error[name], step.error[name])
        assert.equal(error instanceof PikkuError, !ok)
      }
    }
  })
}

test('vector: close codes', async () => {
  for (const { code, final } of vectors.closes) {
    const { socket, connection } = await connectFake()
    await connection.end(code)
    assert.equal(socket.state, final ? 'closed' : 'waiting', `${code}`)
  }
})

test('vector: where a channel is', () => {
  for (const { server, route, params, url } of vectors.openings) {
    const Class = socketFor({ route: params ? routeWith(route) : route })
    connect(server, { WebSocket: FakeWebSocket, params }, Class)
    assert.equal(FakeWebSocket.last.url, url)
  }
})

test('vector: credentials', () => {
  for (const { protocols, ...options } of vectors.credentials) {
    connect('http://localhost', { WebSocket: FakeWebSocket, ...options })
    assert.deepEqual(FakeWebSocket.last.protocols, protocols)
  }
})
