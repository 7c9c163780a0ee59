// What the tests run on: the browser of the machine, and pages in it that are watched for complaints.
import assert from 'node:assert/strict'
import { accessSync, constants } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'

export { startTodoServer } from '../typescript/todo-server.js'

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** How long a page may take for what it does; a machine under load takes its time. */
export const TIMEOUT = 20_000

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

/**
 * Opens a page in a browser of its own, with cookies and storage of its own. `complaints` gets what the browser has to
 * complain of; that a call was refused or a server is not there is what some tests are about.
 */
export async function openPage(browser, url, complaints, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: 'en', ...options })
  context.setDefaultTimeout(TIMEOUT)
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    const expected = /^Failed to load resource|^WebSocket connection to .* failed/.test(message.text())
    if (message.type() === 'error' && !expected) complaints.push(message.text())
  })
  await page.goto(url)
  return page
}

export async function signIn(page, name) {
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.keyboard.press('Enter')
  await page.locator('#todos').waitFor()
}

export async function add(page, title, { tags, due } = {}) {
  await page.getByLabel('What is to be done?').fill(title)
  if (tags) await page.getByLabel('Tags').fill(tags)
  if (due) await page.getByLabel('Due').fill(due)
  await page.getByLabel('What is to be done?').press('Enter')
  await said(page, `Added: ${title}`)
  await row(page, title).waitFor()
}

/** Waits until the page has told what it did: a row alone may be there before, when the change comes as a live one. */
export const said = (page, words) => expectSoon(() => page.locator('#status').textContent(), words)

export const row = (page, title) => page.getByRole('listitem').filter({ hasText: title })

/** Waits until something is so; `read` says what there is. */
export async function expectSoon(read, expected) {
  const deadline = Date.now() + TIMEOUT
  let found = await read()
  while (JSON.stringify(found) !== JSON.stringify(expected) && Date.now() < deadline) {
    await new Promise((wait) => setTimeout(wait, 20))
    found = await read()
  }
  assert.deepEqual(found, expected)
}

/** Waits until the list shows exactly these titles. */
export const expectTitles = (page, ...titles) => expectSoon(() => page.locator('#list .text').allTextContents(), titles)

/** Waits until the keyboard is on this element. */
export async function expectFocus(locator) {
  await locator.waitFor()
  await expectSoon(() => locator.evaluate((element) => element === document.activeElement), true)
}
