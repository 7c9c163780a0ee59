// @ts-check
import { PikkuError, PikkuFetch } from './pikku/pikku-fetch.js'
import { find } from './dom.js'
import { endOfDay } from './due.js'
import { clearErrors, showError } from './errors.js'
import { clearList, renderList } from './list.js'
import { listen } from './live.js'
import { loadSession, onSessionChange, storeSession } from './session.js'

const PAGE_SIZE = 10
/** How long a page of the list may take, in milliseconds. */
const PATIENCE = 10_000

/** The client that the build made from the functions: one typed method for each. */
const api = new PikkuFetch({ serverUrl: location.origin })

const signInForm = find('#sign-in', HTMLFormElement)
const addForm = find('#add', HTMLFormElement)
const filterForm = find('#filter', HTMLFormElement)
const nameField = find('#name', HTMLInputElement)
const titleField = find('#title', HTMLInputElement)
const tagsField = find('#tags', HTMLInputElement)
const dueField = find('#due', HTMLInputElement)
const searchField = find('#search', HTMLInputElement)
const previous = find('#previous', HTMLButtonElement)
const next = find('#next', HTMLButtonElement)
const connection = find('#connection', HTMLElement)

/** @type {import('./session.js').Session | undefined} */
let session
/** Ends the live changes of whoever is signed in. */
let hangUp = () => {}
let offset = 0

// ---- signing in and out -------------------------------------------------------------------------------------------

/** @param {import('./session.js').Session} entering */
async function enter(entering) {
  hangUp()
  clearList()
  session = entering
  api.setAPIKey(session.apiKey)
  storeSession(session)
  hangUp = listen(session.apiKey, { onChange: catchUp, onOpen, onLost })
  await catchUp()
  if (session === entering) show(session)
}

function leave() {
  hangUp()
  session = undefined
  api.setAPIKey(undefined)
  storeSession(undefined)
  signInForm.reset()
  addForm.reset()
  filterForm.reset()
  offset = 0
  clearList()
  clearErrors()
  connection.textContent = ''
  show(undefined)
}

/** @param {import('./session.js').Session | undefined} session */
function show(session) {
  signInForm.hidden = !!session
  find('#todos', HTMLElement).hidden = !session
  find('#account', HTMLElement).hidden = !session
  find('#user', HTMLElement).textContent = session?.name ?? ''
  const first = session ? titleField : nameField
  first.focus()
}

onSubmit(signInForm, async () => {
  await enter(await api.loginUser({ name: nameField.value.trim() }))
})

find('#sign-out', HTMLButtonElement).addEventListener('click', async () => {
  clearErrors()
  await guarded(() => api.logoutUser()).then(leave).catch(showError)
})

onSessionChange((session) => (session ? enter(session) : leave()))

/**
 * Makes a call, and goes back to the start when it turns out that nobody is signed in any more.
 *
 * @template T
 * @param {() => Promise<T>} call
 */
async function guarded(call) {
  const mine = session
  try {
    return await call()
  } catch (error) {
    if (error instanceof PikkuError && error.status === 401 && mine === session) leave()
    throw error
  }
}

// ---- what happens elsewhere ---------------------------------------------------------------------------------------

/** Shows what has changed. If the network fails at it there is no alert: the connection is lost as well, and says so. */
async function catchUp() {
  await refresh().catch((error) => error instanceof PikkuError && showError(error))
}

/** From here on no change is missed, so what was missed before can be caught up on. */
function onOpen() {
  if (connection.textContent) {
    clearErrors()
    announce('The server is back.')
  }
  connection.textContent = ''
  catchUp()
}

function onLost() {
  connection.textContent = 'No connection. Trying again…'
  // It may be the session that has ended: a browser doesn't tell why a connection was refused, and an answer does.
  catchUp()
}

// ---- the list -----------------------------------------------------------------------------------------------------

let reading = Promise.resolve()
/** @type {Promise<void> | undefined} */
let following

/**
 * Reads and shows the page of todos that the filter asks for. All who ask while it is being read share the next reading,
 * so it doesn't matter how fast changes come.
 */
function refresh() {
  following ??= reading.catch(() => {}).then(() => {
    following = undefined
    return (reading = read())
  })
  return following
}

/** @returns {Promise<void>} */
async function read() {
  const mine = session
  if (!mine) return
  const from = offset
  const shown = new FormData(filterForm).get('show')
  const search = searchField.value.trim()
  const filter = { completed: shown === 'all' ? undefined : shown === 'done', search: search || undefined }
  const page = await guarded(() =>
    api.listTodos({ ...filter, limit: PAGE_SIZE, offset: from }, { timeout: PATIENCE }),
  )
  if (mine !== session) return
  if (!page.todos.length && from > 0) {
    offset = Math.max(0, from - PAGE_SIZE)
    return read()
  }

  renderList(page.todos, { complete, rename, remove })
  const empty = find('#empty', HTMLElement)
  empty.hidden = page.total > 0
  empty.textContent = search || shown !== 'all' ? 'Nothing fits.' : 'Nothing to do. Add something above.'
  const focused = document.activeElement
  find('#pages', HTMLElement).hidden = page.total <= PAGE_SIZE
  find('#range', HTMLElement).textContent = `${from + 1}–${from + page.todos.length} of ${page.total}`
  previous.disabled = from === 0
  next.disabled = from + PAGE_SIZE >= page.total
  // A disabled button would swallow the keyboard.
  if (focused === next && next.disabled) previous.focus()
  if (focused === previous && previous.disabled) next.focus()
}

/** @type {import('./list.js').Actions['complete']} */
async function complete({ todoId, title }, completed) {
  await guarded(() => api.updateTodo({ todoId, completed }))
  await refresh()
  announce(`${completed ? 'Done' : 'Open again'}: ${title}`)
}

/** @type {import('./list.js').Actions['rename']} */
async function rename({ todoId }, title) {
  await guarded(() => api.updateTodo({ todoId, title }))
  await refresh()
  announce(`Renamed: ${title}`)
}

/** @type {import('./list.js').Actions['remove']} */
async function remove({ todoId, title }) {
  await guarded(() => api.deleteTodo({ todoId }))
  await refresh()
  announce(`Deleted: ${title}`)
}

onSubmit(addForm, async () => {
  const focused = document.activeElement
  const sent = [titleField, tagsField, dueField].map((field) => /** @type {const} */ ([field, field.value]))
  const tags = tagsField.value.split(',').map((tag) => tag.trim()).filter(Boolean)
  const todo = await guarded(() => api.createTodo({ title: titleField.value.trim(), tags, due: endOfDay(dueField.value) }))
  // Whoever has gone on to something else meanwhile is left alone.
  for (const [field, value] of sent) if (field.value === value) field.value = ''
  if (document.activeElement === focused) titleField.focus()
  offset = 0
  await refresh()
  announce(`Added: ${todo.title}`)
})

// ---- filters and pages --------------------------------------------------------------------------------------------

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing

filterForm.addEventListener('input', (event) => {
  clearTimeout(typing)
  typing = setTimeout(() => turnTo(0), event.target === searchField ? 200 : 0)
})
onSubmit(filterForm, () => turnTo(0))
previous.addEventListener('click', () => turnTo(offset - PAGE_SIZE))
next.addEventListener('click', () => turnTo(offset + PAGE_SIZE))

/** @param {number} to */
async function turnTo(to) {
  clearErrors(filterForm)
  offset = Math.max(0, to)
  await refresh().catch((error) => showError(error, filterForm))
}

// ---- odds and ends ------------------------------------------------------------------------------------------------

/**
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} action what happens; what goes wrong with it is shown in the form
 */
function onSubmit(form, action) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    clearErrors(form)
    await action().catch((error) => showError(error, form))
  })
}

/** Tells what happened to those who can't see it. @param {string} words */
function announce(words) {
  find('#status', HTMLElement).textContent = words
}

const stored = loadSession()
if (stored) await enter(stored)
else leave()
