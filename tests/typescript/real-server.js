// The server of pikku's own functions, started for one test file.

import { spawn } from 'node:child_process'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const PROGRAM = process.env.TEST_SERVER ?? fileURLToPath(new URL('../../target/debug/test-server', import.meta.url))

/** Starts the server and gives its address. It ends with its standard input, so also when this process is killed. */
export const startServer = async () => {
  const server = spawn(PROGRAM, { stdio: ['pipe', 'pipe', 'inherit'] })
  after(() => server.stdin.end())
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`${error.message}; help: cargo build -p e2e --bins`)))
    server.stdout.setEncoding('utf8').once('data', (line) => resolve(line.trim()))
  })
}
