// What sockets are tested with: a real server of frames, and a connection that does only what it is told.

import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { WebSocket, WebSocketServer } from 'ws'

import { socketFor } from './generated/pikku-socket-runtime.js'

/** The class of sockets for a channel at `/events`. */
export const Socket = socketFor({ route: '/events' })

/**
 * Serves until the tests of the file are over. `onMessage` gets each message as JSON, with what answers it and the
 * connection; the connections are in the order that they came.
 */
export const serveSockets = async (onMessage = () => {}) => {
  const connections = []
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'pikku.v1' })
  server.on('connection', (connection, { url, headers }) => {
    const received = []
    connections.push(Object.assign(connection, { received, path: url, protocols: headers['sec-websocket-protocol'] }))
    connection.on('message', (text) => {
      const message = JSON.parse(text)
      received.push(message)
      const { action, id } = message
      onMessage(message, (more) => connection.send(JSON.stringify({ action, id, ...more })), connection)
    })
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const end = () => {
    for (const client of server.clients) client.terminate()
    server.close()
  }
  after(end)
  return { url: `http://127.0.0.1:${server.address().port}`, connections, end }
}

/** A socket that ends with the tests, comes back at once, and keeps the errors that it hears of in `heard`. */
export const connect = (url, options = {}, Class = Socket) => {
  const heard = []
  const reconnect = { min: 1, max: 10 }
  const socket = new Class(url, { WebSocket, reconnect, onError: (error) => heard.push(error), ...options })
  after(() => socket.close())
  return Object.assign(socket, { heard })
}

/** Waits until something is so. */
export const until = async (test) => {
  for (let turn = 0; turn < 3000; turn++) {
    if (await test()) return
    await sleep(10)
  }
  throw new Error(`it never came to pass: ${test}`)
}

/** A connection that opens, hears and ends when the test says so. */
export class FakeWebSocket extends EventTarget {
  static last
  readyState = 0
  bufferedAmount = 0
  sent = []

  constructor(url, protocols) {
    super()
    Object.assign(this, { url, protocols })
    FakeWebSocket.last = this
  }

  async open() {
    await sleep()
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
    await sleep()
  }

  async receive(frame) {
    this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(frame) }))
    await sleep()
  }

  send(text) {
    this.sent.push(JSON.parse(text))
  }

  close(code, reason) {
    this.readyState = 2
    this.closed = [code, reason]
  }

  async end(code, reason = '') {
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }))
    await sleep()
  }
}

/** A socket over such a connection, and the connection. */
export const connectFake = async (options, Class = Socket) => {
  const socket = connect('http://localhost', { WebSocket: FakeWebSocket, reconnect: { min: 1e6, max: 1e6 }, ...options }, Class)
  const connection = FakeWebSocket.last
  await connection.open()
  return { socket, connection }
}
