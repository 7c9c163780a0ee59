// The page of the todo example as its users meet it: with a keyboard, on a phone, and with things that go wrong.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import * as support from './support.js'
import { expectFocus, launchBrowser, screenshot, startTodoServer } from './support.js'

let server, browser, page, complaints
let visitors = 0

before(async () => {
  server = await startTodoServer()
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  if (server) assert.equal(await server.stop(), 0, 'the server ends in good order')
})

beforeEach(() => openPage())

afterEach(async () => {
  await page?.context().close()
  assert.deepEqual(complaints, [], 'the browser has nothing to complain of')
})

async function openPage(options) {
  complaints = []
  page = await support.openPage(browser, server.url, complaints, options)
}

/** Signs in, under a name that no other test uses. */
const signIn = (name = `visitor ${++visitors}`) => support.signIn(page, name)
const add = (title, more) => support.add(page, title, more)
const row = (title) => support.row(page, title)
const expectTitles = (...titles) => support.expectTitles(page, ...titles)

test('sign in, reload, sign out', async () => {
  await expectFocus(page.getByLabel('Name', { exact: true }))
  await screenshot(page, 'sign-in')
  await signIn('Ada')
  assert.equal(await page.locator('#user').textContent(), 'Ada')
  await expectFocus(page.getByLabel('What is to be done?'))
  await add('water the plants')

  await page.reload()
  await expectTitles('water the plants')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expectFocus(page.getByLabel('Name', { exact: true }))
  assert.equal(await page.locator('#list li').count(), 0, 'nothing is left on the page')

  await signIn('ADA')
  await expectTitles('water the plants')
})

test('add, with tags and a day', async () => {
  await signIn()
  await add('buy milk', { tags: 'home, shop', due: '2020-01-31' })
  assert.deepEqual(await row('buy milk').locator('.tag').allTextContents(), ['home', 'shop'])
  assert.equal(await row('buy milk').locator('.late').textContent(), 'was due Jan 31, 2020')
  assert.equal(await page.getByLabel('Tags').inputValue(), '', 'the form is ready for the next one')
  await expectFocus(page.getByLabel('What is to be done?'))
})

test('text stays text', async () => {
  await signIn()
  await add('<img src=x onerror=alert(1)> & "quotes"')
  await expectTitles('<img src=x onerror=alert(1)> & "quotes"')
})

test('rename with the keyboard alone', async () => {
  await signIn()
  await add('buy milk')
  const button = page.getByRole('button', { name: 'Rename: buy milk' })
  await button.focus()
  await page.keyboard.press('Enter')
  const field = page.getByLabel('New title')
  await expectFocus(field)
  await page.keyboard.type('something else')
  await page.keyboard.press('Escape')
  await expectTitles('buy milk')
  await expectFocus(button)

  await page.keyboard.press('Enter')
  await page.keyboard.type('buy oat milk')
  await page.keyboard.press('Enter')
  await expectTitles('buy oat milk')
  await expectFocus(page.getByRole('button', { name: 'Rename: buy oat milk' }))
  await page.reload()
  await expectTitles('buy oat milk')
})

test('complete and filter', async () => {
  await signIn()
  for (const title of ['one', 'two', 'three']) await add(title)
  await page.getByLabel('Done: two').press('Space')
  await page.locator('li.done').waitFor()
  await page.getByLabel('Open', { exact: true }).check()
  await expectTitles('three', 'one')
  await page.getByLabel('Done', { exact: true }).check()
  await expectTitles('two')
  await page.getByLabel('Done: two').press('Space')
  await expectTitles()
  await page.getByText('Nothing fits.').waitFor()
  await page.getByLabel('All', { exact: true }).check()
  await expectTitles('three', 'two', 'one')

  await page.getByLabel('Search').fill('T')
  await expectTitles('three', 'two')
  await page.getByLabel('Search').fill('')
  await expectTitles('three', 'two', 'one')
})

test('delete leaves the keyboard at the next one', async () => {
  await signIn()
  for (const title of ['one', 'two', 'three']) await add(title)
  await page.getByRole('button', { name: 'Delete: two' }).press('Enter')
  await expectTitles('three', 'one')
  await expectFocus(page.getByRole('button', { name: 'Delete: one' }))
  await page.keyboard.press('Enter')
  await expectTitles('three')
  await page.keyboard.press('Enter')
  await expectTitles()
  await expectFocus(page.getByLabel('What is to be done?'))
})

test('pages', async () => {
  await signIn()
  for (let number = 1; number <= 11; number++) await add(`todo ${number}.`)
  await page.getByText('1–10 of 11').waitFor()
  await page.getByRole('button', { name: 'Older' }).press('Enter')
  await expectTitles('todo 1.')
  await expectFocus(page.getByRole('button', { name: 'Newer' }))
  await page.getByRole('button', { name: 'Delete: todo 1.' }).click()
  await page.locator('#list li').nth(9).waitFor()
  assert.equal(await page.locator('#pages').isVisible(), false)
})

test('what is wrong with a field is said at the field', async () => {
  const name = page.getByLabel('Name', { exact: true })
  await name.fill('x'.repeat(51))
  await name.press('Enter')
  await expectError(name)
  await signIn()

  const title = page.getByLabel('What is to be done?')
  await title.press('Enter')
  await expectError(title)
  await title.fill('x'.repeat(201))
  await page.getByLabel('Tags').fill(`short, ${'y'.repeat(31)}`)
  await title.press('Enter')
  await expectError(title)
  assert.match(await expectError(page.getByLabel('Tags')), /^number 2: /)
  await screenshot(page, 'errors')
  assert.equal(await page.locator('#alert').textContent(), '')

  await page.getByLabel('Tags').fill('short')
  await add('fine')
  assert.equal(await title.getAttribute('aria-invalid'), null)

  await page.getByRole('button', { name: 'Rename: fine' }).click()
  await page.getByLabel('New title').fill('')
  await page.keyboard.press('Enter')
  await expectError(page.getByLabel('New title'))
  await page.keyboard.press('Escape')
  await expectTitles('fine')
})

/** Waits for the field to be marked as wrong, and returns what it is described by. */
async function expectError(field) {
  const element = await field.elementHandle()
  const message = await page.waitForFunction((field) => {
    const described = document.getElementById(field.getAttribute('aria-describedby') ?? '')
    return field.getAttribute('aria-invalid') === 'true' && described?.checkVisibility() && described.textContent
  }, element)
  return message.jsonValue()
}

test('what is wrong with no field is said at the top', async () => {
  await signIn()
  await add('short-lived')
  const apiKey = await page.evaluate(() => JSON.parse(localStorage.getItem('pikku-todo')).apiKey)
  const headers = { 'x-api-key': apiKey }
  const { todos } = await (await fetch(`${server.url}/todos`, { headers })).json()
  await page.getByRole('button', { name: 'Rename: short-lived' }).click()
  await page.keyboard.type('long gone')
  await fetch(`${server.url}/todos/${todos[0].todoId}`, { method: 'DELETE', headers })
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('there is no such todo').waitFor()

  await page.keyboard.press('Escape')
  await fetch(`${server.url}/logout`, { method: 'POST', headers })
  await page.getByLabel('Open', { exact: true }).click()
  await page.locator('#sign-in').waitFor()
  assert.notEqual(await page.getByRole('alert').textContent(), '')
})

test('it looks right on a desk, on a phone and in the dark', async () => {
  const name = 'Grace'
  await signIn(name)
  await add('Read the first page of the manual', { tags: 'reading' })
  await add('Call the plumber about the tap in the kitchen that drips since the week before last', { due: '2020-05-04' })
  await add('Buy oat milk', { tags: 'home, shop', due: '2099-12-24' })
  await page.getByLabel('Done: Read').check()
  await page.locator('li.done').waitFor()
  await screenshot(page, 'desktop')

  for (const [picture, options] of [
    ['phone', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }],
    ['dark', { colorScheme: 'dark' }],
  ]) {
    await page.context().close()
    await openPage(options)
    await signIn(name)
    await row('Buy oat milk').waitFor()
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.ok(overflow <= 0, `${picture}: nothing sticks out, but ${overflow}px do`)
    await screenshot(page, picture)
  }
})
