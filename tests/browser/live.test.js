// The page of the todo example on two devices at once, and while its server is away.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import {
  add, expectFocus, expectSoon, expectTitles, launchBrowser, openPage, row, said, screenshot, signIn, startTodoServer,
} from './support.js'

let server, browser, desk, phone, complaints
let visitors = 0

before(async () => {
  server = await startTodoServer()
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  if (server) assert.equal(await server.stop(), 0, 'the server ends in good order')
})

beforeEach(async () => {
  complaints = []
  await server.start()
  const name = `visitor ${++visitors}`
  desk = await openPage(browser, server.url, complaints)
  phone = await openPage(browser, server.url, complaints, { viewport: { width: 390, height: 844 }, hasTouch: true })
  for (const page of [desk, phone]) {
    page.on('websocket', (socket) => (page.socket = socket))
    await signIn(page, name)
  }
})

afterEach(async () => {
  for (const page of [desk, phone]) await page?.context().close()
  assert.deepEqual(complaints, [], 'the browser has nothing to complain of')
})

const done = (page) => page.locator('li.done .text').allTextContents()
const lost = (page) => page.getByRole('status').getByText('No connection. Trying again…')
const back = (page) => lost(page).waitFor({ state: 'detached' })
const editor = (page) => page.getByRole('textbox', { name: 'New title' })
const keyOf = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('pikku-todo')).apiKey)

async function rename(page, from, to) {
  await page.getByRole('button', { name: `Rename: ${from}` }).click()
  await editor(page).fill(to)
  await page.keyboard.press('Enter')
  await said(page, `Renamed: ${to}`)
  await row(page, to).waitFor()
}

test('each sees what the other does', async () => {
  await add(desk, 'water the plants')
  await expectTitles(phone, 'water the plants')
  await add(phone, 'buy milk')
  await expectTitles(desk, 'buy milk', 'water the plants')
  await rename(phone, 'buy milk', 'buy oat milk')
  await expectTitles(desk, 'buy oat milk', 'water the plants')
  await desk.getByLabel('Done: water').check()
  await expectSoon(() => done(phone), ['water the plants'])
  await phone.getByLabel('Done: water').uncheck()
  await expectSoon(() => done(desk), [])
  await desk.getByRole('button', { name: 'Delete: buy' }).click()
  await expectTitles(phone, 'water the plants')
})

test('the filter, the search and the total hold for what others do', async () => {
  await add(desk, 'buy milk')
  await phone.getByLabel('Open', { exact: true }).check()
  await expectTitles(phone, 'buy milk')
  await desk.getByLabel('Done: buy milk').check()
  await expectTitles(phone)
  await phone.getByText('Nothing fits.').waitFor()
  await phone.getByLabel('All', { exact: true }).check()
  await phone.getByLabel('Search').fill('milk')
  await expectTitles(phone, 'buy milk')
  await add(desk, 'call Ada')
  await add(desk, 'buy oat milk')
  await expectTitles(phone, 'buy oat milk', 'buy milk')
  await rename(desk, 'buy oat milk', 'buy bread')
  await expectTitles(phone, 'buy milk')

  await phone.getByLabel('Search').fill('')
  for (let number = 4; number <= 11; number++) await add(desk, `todo ${number}.`)
  await phone.getByText('1–10 of 11').waitFor()
  await desk.getByRole('button', { name: 'Delete: todo 11.' }).click()
  await phone.locator('#pages').waitFor({ state: 'hidden' })
  await row(phone, 'buy milk').waitFor()
})

test('one’s own change comes once, and moves nothing else', async () => {
  await add(desk, 'first')
  await desk.evaluate(() => {
    window.moved = []
    new MutationObserver((records) => {
      for (const { addedNodes, removedNodes } of records) {
        for (const item of addedNodes) window.moved.push(`+ ${item.querySelector('.text').textContent}`)
        for (const item of removedNodes) window.moved.push(`- ${item.querySelector('.text').textContent}`)
      }
    }).observe(document.querySelector('#list'), { childList: true })
    const box = document.querySelector('#list input[type=checkbox]')
    window.checks = []
    const { get, set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'checked')
    Object.defineProperty(box, 'checked', { get, set(value) { set.call(box, value); window.checks.push(value) } })
  })
  // While one's own change is on its way, others come, and the list that they bring doesn't know of it yet.
  let go
  const held = new Promise((resolve) => (go = resolve))
  await desk.route('**/todos/*', async (route) => {
    await held
    await route.continue()
  })
  await desk.getByLabel('Done: first').press('Space')
  await add(phone, 'other')
  await row(desk, 'other').waitFor()
  go()
  await expectSoon(() => done(phone), ['first'])
  await add(desk, 'second')
  await rename(desk, 'second', 'renamed')
  await expectTitles(phone, 'renamed', 'other', 'first')
  // What is said of this comes after what is said of all that was before it.
  await add(phone, 'last')
  await expectTitles(desk, 'last', 'renamed', 'other', 'first')
  assert.deepEqual(await desk.evaluate(() => window.moved), ['+ other', '+ second', '+ last'])
  assert.equal(await desk.evaluate(() => window.checks.includes(false)), false, 'the box stays checked')
})

test('what is being typed stays, whatever happens to the todo', async () => {
  await add(desk, 'one')
  await expectTitles(phone, 'one')
  const field = editor(desk)
  await desk.getByRole('button', { name: 'Rename: one' }).click()
  await field.fill('half a ti')
  await desk.keyboard.press('ArrowLeft')
  await rename(phone, 'one', 'elsewhere')
  await phone.getByLabel('Done: elsewhere').check()
  await add(phone, 'two')
  await row(desk, 'two').waitFor()
  await desk.locator('li.done').waitFor()
  await expectFocus(field)
  await desk.keyboard.type('t')
  assert.equal(await field.inputValue(), 'half a tti')
  await desk.keyboard.press('Escape')
  await expectTitles(desk, 'two', 'elsewhere')
  await expectFocus(desk.getByRole('button', { name: 'Rename: elsewhere' }))

  // Where nothing was typed there is nothing to save, and so nothing that would undo what the other has typed.
  await desk.keyboard.press('Enter')
  await rename(phone, 'elsewhere', 'again')
  await desk.getByRole('button', { name: 'Rename: again' }).waitFor()
  await desk.keyboard.press('Enter')
  await expectTitles(desk, 'two', 'again')

  await desk.getByRole('button', { name: 'Rename: two' }).click()
  await field.fill('two and a half')
  await phone.getByRole('button', { name: 'Delete: two' }).click()
  await add(phone, 'three')
  await row(desk, 'three').waitFor()
  await expectFocus(field)
  await desk.keyboard.press('Enter')
  await desk.getByRole('alert').getByText('there is no such todo').waitFor()
  assert.equal(await field.inputValue(), 'two and a half')
  await desk.keyboard.press('Escape')
  await expectTitles(desk, 'three', 'again')
  await expectFocus(desk.getByRole('button', { name: 'Rename: again' }))
})

test('what is typed next stays when the answer to what was typed before comes late', async () => {
  let answer
  const answered = new Promise((resolve) => (answer = resolve))
  await desk.route('**/todos', async (route) => {
    if (route.request().method() !== 'POST') return route.fallback()
    const response = await route.fetch()
    await answered
    await route.fulfill({ response })
  })
  const title = desk.getByLabel('What is to be done?')
  await title.fill('first')
  await desk.getByLabel('Tags').fill('home')
  await title.press('Enter')
  await row(desk, 'first').waitFor()
  await title.fill('sec')
  answer()
  await said(desk, 'Added: first')
  assert.equal(await title.inputValue(), 'sec')
  assert.equal(await desk.getByLabel('Tags').inputValue(), '')

  await title.fill('second')
  await title.press('Enter')
  await said(desk, 'Added: second')
  assert.equal(await title.inputValue(), '')
  await expectTitles(phone, 'second', 'first')
})

test('the keyboard stays where it is when others add and delete', async () => {
  for (const title of ['one', 'two', 'three']) await add(desk, title)
  await desk.getByRole('button', { name: 'Delete: two' }).focus()
  await add(phone, 'four')
  await expectTitles(desk, 'four', 'three', 'two', 'one')
  await expectFocus(desk.getByRole('button', { name: 'Delete: two' }))
  await phone.getByRole('button', { name: 'Delete: two' }).click()
  await expectTitles(desk, 'four', 'three', 'one')
  await expectFocus(desk.getByRole('button', { name: 'Delete: one' }))
})

test('a server that is killed is missed, and when it is back nothing is', async () => {
  await add(desk, 'before')
  await expectTitles(phone, 'before')
  await desk.getByRole('button', { name: 'Rename: before' }).click()
  await editor(desk).fill('typed before')
  const apiKey = await keyOf(desk)
  await server.kill()
  for (const page of [desk, phone]) {
    await lost(page).waitFor()
    await expectTitles(page, 'before')
    assert.equal(await page.locator('#alert').textContent(), '', 'it is said once, and calmly')
    await screenshot(page, page === desk ? 'lost' : 'lost-phone')
  }
  await server.meanwhile(async (url) => {
    const headers = { 'x-api-key': apiKey, 'content-type': 'application/json' }
    const response = await fetch(`${url}/todos`, { method: 'POST', headers, body: '{"title":"meanwhile"}' })
    assert.equal(response.status, 201)
  })
  await server.start()
  for (const page of [desk, phone]) {
    await back(page)
    await expectTitles(page, 'meanwhile', 'before')
  }
  assert.equal(await editor(desk).inputValue(), 'typed before')
  await desk.keyboard.press('Enter')
  await expectTitles(phone, 'meanwhile', 'typed before')
  await add(phone, 'after')
  await expectTitles(desk, 'after', 'meanwhile', 'typed before')
})

test('what fails while the server is away says so until it is back', async () => {
  await server.kill()
  await lost(desk).waitFor()
  await desk.getByLabel('What is to be done?').fill('later')
  await desk.keyboard.press('Enter')
  await desk.getByRole('alert').getByText('The server can’t be reached').waitFor()
  // The page says on the console what the network has to say of it.
  complaints.length = 0
  await server.start()
  await back(desk)
  await expectSoon(() => desk.locator('#alert').textContent(), '')
  await desk.getByRole('status').getByText('The server is back.').waitFor()
  await desk.getByLabel('What is to be done?').press('Enter')
  await expectTitles(desk, 'later')
  await back(phone)
  await expectTitles(phone, 'later')
})

test('signing out closes the connection, in all tabs of the browser and in no other', async () => {
  const tab = await desk.context().newPage()
  await tab.goto(server.url)
  await tab.locator('#todos').waitFor()
  const closed = desk.socket.waitForEvent('close')
  await desk.getByRole('button', { name: 'Sign out' }).click()
  await closed
  for (const page of [desk, tab]) await page.locator('#sign-in').waitFor()
  assert.equal(await lost(desk).isVisible(), false)

  await signIn(tab, 'somebody else')
  await desk.locator('#todos').waitFor()
  await add(tab, 'of somebody else')
  await expectTitles(desk, 'of somebody else')
  await add(phone, 'mine')
  await expectTitles(phone, 'mine')
  await expectTitles(desk, 'of somebody else')
})

test('a session that has ended leads to the sign-in form, once the connection is lost', async () => {
  await add(phone, 'mine')
  const response = await fetch(`${server.url}/logout`, { method: 'POST', headers: { 'x-api-key': await keyOf(desk) } })
  assert.equal(response.status, 204)
  await server.kill()
  await server.start()
  await desk.locator('#sign-in').waitFor()
  assert.notEqual(await desk.getByRole('alert').textContent(), '')
  assert.equal(await desk.locator('#list li').count(), 0)
  assert.equal(await lost(desk).isVisible(), false)
  await back(phone)
  await expectTitles(phone, 'mine')
})

test('a page that wakes up notices that its connection is dead', async () => {
  const page = await openPage(browser, 'about:blank', complaints)
  const connections = []
  // The first connection falls silent, as one does when a network is left behind without a word.
  await page.routeWebSocket('**/events', (connection) => {
    const silent = connections.push(connection) === 1
    const real = connection.connectToServer()
    connection.onMessage((message) => {
      if (!silent || JSON.parse(message).action === 'subscribe') real.send(message)
    })
    real.onMessage((message) => {
      if (!silent || JSON.parse(message).action === 'subscribe') connection.send(message)
    })
  })
  await page.clock.install()
  await page.goto(server.url)
  await signIn(page, `visitor ${visitors}`)
  await expectSoon(() => connections.length, 1)
  await expectTitles(page)
  await add(desk, 'unheard')
  await expectTitles(desk, 'unheard')
  assert.equal(connections.length, 1)
  await expectSoon(async () => {
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await page.clock.runFor(6_000)
    return connections.length
  }, 2)
  await expectTitles(page, 'unheard')
  await page.context().close()
})
