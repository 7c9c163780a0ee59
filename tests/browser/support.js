// What the tests run on: the server under test with a database of its own, and the browser of the machine.
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { chromium } from 'playwright-core'

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const START_TIMEOUT = 20_000

/** Starts the todo server on a free port; `stop()` ends it as ctrl-c would and takes its database away. */
export async function startServer() {
  const program = resolve(process.env.TODO_SERVER ?? '../../target/debug/todo-server')
  const folder = await mkdtemp(join(tmpdir(), 'pikku-browser-'))
  const env = { ...process.env, PORT: '0', DATABASE_URL: `sqlite:${join(folder, 'todo.db')}`, JWT_SECRET: '' }
  const server = spawn(program, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise((done) => {
    server.once('exit', done)
    // A program that can't be started never exits.
    server.once('error', done)
  })

  const stop = async () => {
    server.kill('SIGTERM')
    const code = await exited
    await rm(folder, { recursive: true, force: true })
    return code
  }
  try {
    return { url: await printedUrl(server, program), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** With port 0 the system chooses, and only the server knows what: it prints where to click. */
function printedUrl(server, program) {
  return new Promise((found, failed) => {
    let printed = ''
    server.once('error', (error) =>
      failed(new Error(`can't start ${program}: ${error.message}\n  help: cargo build -p todo-server`)),
    )
    server.once('exit', (code) => failed(new Error(`the server ended with ${code}; it printed: ${printed}`)))
    setTimeout(() => failed(new Error(`the server printed no address, but: ${printed}`)), START_TIMEOUT).unref()
    server.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text
      const url = printed.match(/http:\/\/127\.0\.0\.1:\d+(?=\s)/)
      if (url) found(url[0])
    })
  })
}

/** Launches the chromium that is installed, with everything off that would talk to the network by itself. */
export function launchBrowser() {
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ]
  return chromium.launch({ executablePath: findBrowser(), args })
}

function findBrowser() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of BROWSERS) {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return join(folder, name)
      } catch {
        // Not in this folder; the next one may have it.
      }
    }
  }
  throw new Error('there is no chromium\n  help: apt-get install chromium')
}

/** Keeps a picture of the page where `SCREENSHOTS` says, if it says so. */
export async function screenshot(page, name) {
  const folder = process.env.SCREENSHOTS
  if (!folder) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
