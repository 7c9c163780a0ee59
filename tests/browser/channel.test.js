// The channel of the authentication guide, spoken by the generated client in two pages of a real browser.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { expectSoon, launchBrowser, openPage, startTodoServer } from './support.js'

let server, browser, ada, eve, complaints

before(async () => {
  server = await startTodoServer()
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

beforeEach(async () => {
  complaints = []
  ada = await visitor('ada')
  eve = await visitor('eve')
})

afterEach(async () => {
  for (const { page } of [ada, eve]) await page.context().close()
  assert.deepEqual(complaints, [], 'the browser has nothing to complain of')
})

/** A page that has the client at hand, and what its user was given at the login. */
async function visitor(name) {
  const page = await openPage(browser, server.url, complaints)
  await page.evaluate(async () => {
    Object.assign(window, await import('/pikku/pikku-websocket.js'), await import('/pikku/pikku-fetch.js'))
    window.heard = []
  })
  const user = await page.evaluate((name) => new PikkuFetch({ serverUrl: location.origin }).loginUser({ name }), name)
  return { page, user }
}

/** Opens a socket as the guide does: without a credential, and signed in by the first message. */
const openAndAuthenticate = ({ page, user }) =>
  page.evaluate(({ token, userId }) => {
    window.websocket = new PikkuWebSocket(location.origin)
    websocket.subscribe('news', ({ from, message }) => heard.push({ from, message }))
    const answered = new Promise((resolve) => websocket.getRoute('auth').subscribe(resolve))
    websocket.ws.onopen = async () => {
      websocket.send({ action: 'auth', token, userId })
    }
    return answered
  }, user)

/** Asks for an action, and gives its output or what it failed with. */
const ask = ({ page }, action, data) =>
  page.evaluate(
    async ([action, data]) => {
      const { ok, data: output, error } = await websocket.request(action, data).result()
      return ok ? output : { status: error.status, code: error.code }
    },
    [action, data],
  )

const heard = ({ page }) => page.evaluate(() => window.heard)

test('guide, WebSocket Client: a connection signs in as soon as it opens', async () => {
  const answer = await openAndAuthenticate(ada)
  assert.deepEqual(answer, { authResult: true, userId: ada.user.userId })
  assert.deepEqual(await ask(ada, 'whoami'), { userId: ada.user.userId, name: 'ada' })
})

test('guide, Channel Configuration: before that only `auth` is answered, and a bad token changes nothing', async () => {
  await ada.page.evaluate(() => (window.websocket = new PikkuWebSocket(location.origin)))
  for (const [action, data] of [['subscribe', { topic: 'news' }], ['emit', { name: 'news', message: 'x' }], ['list']]) {
    assert.deepEqual(await ask(ada, action, data), { status: 401, code: 'unauthorized' })
  }
  assert.deepEqual(await ask(ada, 'auth', { token: 'no token' }), { authResult: false, userId: null })
  assert.deepEqual(await ask(ada, 'whoami'), { status: 401, code: 'unauthorized' })
  assert.equal((await ask(ada, 'auth', { token: ada.user.token })).authResult, true)
  assert.deepEqual(await ask(ada, 'subscribe', { topic: 'news' }), { subscribed: true, topic: 'news' })
})

test('guide, WebSocket Authentication Functions: a word reaches everyone but who says it, until they unsubscribe', async () => {
  for (const visitor of [ada, eve]) {
    await openAndAuthenticate(visitor)
    await ask(visitor, 'subscribe', { topic: 'news' })
  }
  assert.deepEqual(await ask(ada, 'emit', { name: 'news', message: 'from ada' }), { reached: 1 })
  assert.deepEqual(await ask(eve, 'emit', { name: 'news', message: 'from eve' }), { reached: 1 })
  await expectSoon(() => heard(eve), [{ from: ada.user.userId, message: 'from ada' }])
  await expectSoon(() => heard(ada), [{ from: eve.user.userId, message: 'from eve' }])

  assert.deepEqual(await ask(eve, 'unsubscribe', { topic: 'news' }), { subscribed: false, topic: 'news' })
  assert.deepEqual(await ask(ada, 'emit', { name: 'news', message: 'unheard' }), { reached: 0 })
  // The answer would come after what was pushed before it.
  await ask(eve, 'whoami')
  assert.equal((await heard(eve)).length, 1)
  assert.equal((await heard(ada)).length, 1)
})

test('guide, Permission System: a permission holds for each message', async () => {
  for (const visitor of [ada, eve]) await openAndAuthenticate(visitor)
  const { todoId } = await ask(ada, 'create', { title: 'of ada' })
  assert.deepEqual(await ask(eve, 'update', { todoId, title: 'of eve' }), { status: 403, code: 'forbidden' })
  assert.deepEqual(await ask(eve, 'remove', { todoId }), { status: 403, code: 'forbidden' })
  assert.equal((await ask(ada, 'update', { todoId, completed: true })).completed, true)
  assert.deepEqual(await ask(eve, 'auth', { token: ada.user.token }), { authResult: true, userId: ada.user.userId })
  await ask(eve, 'remove', { todoId })
  assert.deepEqual(await ask(ada, 'remove', { todoId }), { status: 404, code: 'todo_not_found' })
})

test('guide, WebSocket Client: an API key opens a connection that is signed in, and stands in no URL', async () => {
  const opened = ada.page.waitForEvent('websocket')
  const name = await ada.page.evaluate(async (apiKey) => {
    const websocket = new PikkuWebSocket(location.origin, apiKey)
    return (await websocket.request('whoami')).name
  }, ada.user.apiKey)
  assert.equal(name, 'ada')
  assert.equal((await opened).url(), `${server.url.replace('http', 'ws')}/events`)
})
