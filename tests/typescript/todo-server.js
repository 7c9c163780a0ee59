// The server of the todo example, with a database of its own, to be stopped, killed and started again.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROGRAM = process.env.TODO_SERVER ? resolve(process.env.TODO_SERVER) : fileURLToPath(new URL('../../target/debug/todo-server', import.meta.url))
const START_TIMEOUT = 30_000

/** Starts the server on a port that stays its own, and that it comes back to. */
export const startTodoServer = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pikku-todo-'))
  const port = await freePort()
  let running

  /** Starts one more server over the same database, by itself on another port. */
  const run = async (port) => {
    const env = { ...process.env, PORT: String(port), DATABASE_URL: `sqlite:${join(folder, 'todo.db')}`, JWT_SECRET: '' }
    const server = spawn(PROGRAM, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = new Promise((done) => {
      server.once('exit', done)
      // A program that can't be started never exits.
      server.once('error', done)
    })
    const started = {
      end(signal) {
        server.kill(signal)
        return exited
      },
    }
    try {
      return Object.assign(started, { url: await printedUrl(server) })
    } catch (error) {
      await started.end('SIGKILL')
      throw error
    }
  }

  const end = async (signal) => {
    const code = await running?.end(signal)
    running = undefined
    return code
  }

  const todo = {
    url: `http://127.0.0.1:${port}`,
    /** Starts it where it has been before, if it isn't there. */
    async start() {
      running ??= await run(port)
    },
    /** Ends it without a word to anybody, as a power cut would. */
    kill: () => end('SIGKILL'),
    /** Ends it as ctrl-c would, and gives its exit code. */
    end: () => end('SIGTERM'),
    /** Does something with the database while the server is away: over another one, which nobody else knows of. */
    async meanwhile(action) {
      const other = await run(0)
      try {
        return await action(other.url)
      } finally {
        await other.end('SIGTERM')
      }
    },
    /** Ends it for good, with its database, and gives its exit code. */
    async stop() {
      const code = await end('SIGTERM')
      await rm(folder, { recursive: true, force: true })
      return code
    },
  }
  try {
    await todo.start()
    return todo
  } catch (error) {
    await todo.stop()
    throw error
  }
}

/** Where the server says that it is: with port 0 only it knows what the system has chosen. */
const printedUrl = (server) =>
  new Promise((found, failed) => {
    let printed = ''
    server.once('error', (error) =>
      failed(new Error(`can't start ${PROGRAM}: ${error.message}\n  help: cargo build -p todo-server`)),
    )
    server.once('exit', (code) => failed(new Error(`the server ended with ${code}; it printed: ${printed}`)))
    setTimeout(() => failed(new Error(`the server printed no address, but: ${printed}`)), START_TIMEOUT).unref()
    server.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text
      const url = printed.match(/http:\/\/127\.0\.0\.1:\d+(?=\s)/)
      if (url) found(url[0])
    })
  })

/**
 * A port that nothing listens on. It is none of those that systems give away by themselves, which somebody else's
 * connection might take while the server is away.
 */
const freePort = async () => {
  for (let tries = 0; tries < 100; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const probe = createServer()
    const free = await new Promise((resolve) => {
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (free) return port
  }
  throw new Error('no port is free')
}
