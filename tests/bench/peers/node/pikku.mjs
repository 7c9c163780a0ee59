// The core of the TypeScript original from npm. Its other packages are left out,
// so three things here are ours: the Fastify and `ws` adapters (the interfaces are core's), the
// metadata that Pikku's CLI would generate, and thin ajv and jose services.
import { createServer } from 'node:http'
import { Ajv } from 'ajv'
import Fastify from 'fastify'
import * as jose from 'jose'
import { WebSocketServer } from 'ws'
import { wireChannel } from '@pikku/core/channel'
import { LocalEventHubService, runLocalChannel } from '@pikku/core/channel/local'
import { pikkuState } from '@pikku/core/ecosystem'
import { InvalidSessionError, UnprocessableContentError } from '@pikku/core/errors'
import { fetchData, PikkuFetchHTTPRequest, wireHTTP } from '@pikku/core/http'
import { authBearer } from '@pikku/core/middleware'
import { addSchema, compileAllSchemas } from '@pikku/core/schema'
import { newTodoSchema, PORT, SECRET, todo } from './contract.mjs'

// ---- services ----------------------------------------------------------------

const nothing = () => {}
const logger = { info: nothing, warn: nothing, error: nothing, debug: nothing, setLevel: nothing }

class Schemas {
  #ajv = new Ajv({ useDefaults: true })
  #validators = new Map()

  compileSchema(name, schema) {
    if (!this.#validators.has(name)) this.#validators.set(name, this.#ajv.compile(schema))
  }

  validateSchema(name, data) {
    const validate = this.#validators.get(name)
    if (!validate(data)) throw new UnprocessableContentError(this.#ajv.errorsText(validate.errors))
  }

  getSchemaNames() {
    return new Set(this.#validators.keys())
  }

  getSchemaKeys() {
    return []
  }
}

const key = new TextEncoder().encode(SECRET)
const jwt = {
  async decode(token) {
    try {
      return (await jose.jwtVerify(token, key, { algorithms: ['HS256'] })).payload
    } catch {
      throw new InvalidSessionError()
    }
  },
}

const eventHub = new LocalEventHubService()
const schema = new Schemas()
pikkuState(null, 'package', 'singletonServices', { logger, schema, jwt, eventHub })
pikkuState(null, 'package', 'factories', { createWireServices: async () => ({}) })

// ---- metadata, as the CLI would write it ---------------------------------------

const route = (method, path, pikkuFuncId, more = {}) => ({ [path]: { pikkuFuncId, method, route: path, ...more } })
pikkuState(null, 'http', 'meta', {
  get: { ...route('get', '/hello', 'hello'), ...route('get', '/me', 'me') },
  post: { ...route('post', '/todos/:listId', 'createTodo', { params: ['listId'] }) },
  delete: {},
  patch: {},
  head: {},
  put: {},
  options: {},
})
const sessionless = (pikkuFuncId, more = {}) => ({ [pikkuFuncId]: { pikkuFuncId, sessionless: true, services: [], ...more } })
pikkuState(null, 'function', 'meta', {
  ...sessionless('hello'),
  ...sessionless('createTodo', { inputSchemaName: 'NewTodo' }),
  ...sessionless('echo'),
  ...sessionless('subscribe', { services: ['eventHub'] }),
  ...sessionless('emit', { services: ['eventHub'] }),
  me: { pikkuFuncId: 'me', services: [] },
})
pikkuState(null, 'channel', 'meta', {
  echo: { name: 'echo', route: '/echo', messageWirings: { action: { echo: { pikkuFuncId: 'echo' } } } },
  events: {
    name: 'events',
    route: '/events',
    messageWirings: { action: { subscribe: { pikkuFuncId: 'subscribe' }, emit: { pikkuFuncId: 'emit' } } },
  },
})
addSchema('NewTodo', newTodoSchema)

// ---- the application -------------------------------------------------------------

wireHTTP({ method: 'get', route: '/hello', auth: false, func: { func: async () => ({ message: 'hello' }) } })
wireHTTP({
  method: 'post',
  route: '/todos/:listId',
  auth: false,
  func: { func: async (services, data) => todo(data) },
})
wireHTTP({
  method: 'get',
  route: '/me',
  middleware: [authBearer()],
  func: {
    func: async (services, data, { session }) => ({ userId: session.sub, role: session.role }),
    permissions: { user: async (services, data, { session }) => session?.role === 'user' },
  },
})
wireChannel({
  name: 'echo',
  route: '/echo',
  auth: false,
  onMessageWiring: { action: { echo: { func: async (services, { data }) => ({ data }) } } },
})
wireChannel({
  name: 'events',
  route: '/events',
  auth: false,
  onMessageWiring: {
    action: {
      subscribe: { func: async ({ eventHub }, { data }, { channel }) => eventHub.subscribe(data.name, channel.channelId) },
      emit: {
        func: async ({ eventHub }, { data }, { channel }) =>
          eventHub.publish(data.name, channel.channelId, { action: 'emit', data }),
      },
    },
  },
})
compileAllSchemas(logger)

// ---- adapters ----------------------------------------------------------------------

class Request {
  #request
  #params = {}

  constructor(request) {
    this.#request = request
  }

  method() {
    return this.#request.method.toLowerCase()
  }

  path() {
    const url = this.#request.url
    const query = url.indexOf('?')
    return query < 0 ? url : url.slice(0, query)
  }

  async data() {
    return { ...this.#params, ...this.#request.query, ...this.#request.body }
  }

  async json() {
    return this.#request.body
  }

  async arrayBuffer() {
    return new ArrayBuffer(0)
  }

  headers() {
    return this.#request.headers
  }

  header(name) {
    return this.#request.headers[name.toLowerCase()] ?? null
  }

  cookie() {
    return null
  }

  params() {
    return this.#params
  }

  setParams(params) {
    this.#params = params
  }

  query() {
    return this.#request.query
  }
}

class Response {
  #reply
  #body

  constructor(reply) {
    this.#reply = reply
  }

  get statusCode() {
    return this.#reply.statusCode
  }

  status(code) {
    this.#reply.status(code)
    return this
  }

  header(name, value) {
    this.#reply.header(name, value)
    return this
  }

  cookie() {
    return this
  }

  arrayBuffer(data) {
    this.#body = data
    return this
  }

  json(data) {
    this.#reply.header('content-type', 'application/json')
    this.#body = JSON.stringify(data)
    return this
  }

  redirect(location, status = 302) {
    this.#reply.redirect(location, status)
    return this
  }

  get body() {
    return this.#body
  }
}

const app = Fastify({
  serverFactory: (handler) => createServer(handler),
})
app.all('/*', async (request, reply) => {
  const response = new Response(reply)
  await fetchData(new Request(request), response)
  return reply.send(response.body)
})

const sockets = new WebSocketServer({ noServer: true })
let nextChannel = 1
app.server.on('upgrade', async (incoming, raw, head) => {
  const request = new PikkuFetchHTTPRequest(new globalThis.Request(`http://127.0.0.1${incoming.url}`))
  const handler = await runLocalChannel({ channelId: `c${nextChannel++}`, request })
  if (!handler) return raw.destroy()
  sockets.handleUpgrade(incoming, raw, head, (socket) => {
    eventHub.onChannelOpened(handler)
    handler.registerOnSend((data) => socket.send(typeof data === 'string' ? data : JSON.stringify(data)))
    socket.on('message', (message) => handler.message(message.toString()))
    socket.on('close', () => {
      eventHub.onChannelClosed(handler.channelId)
      handler.close()
    })
    handler.open()
  })
})

await app.listen({ host: '127.0.0.1', port: PORT })
