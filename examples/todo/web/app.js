// @ts-check
import { PikkuError, PikkuFetch } from './pikku/pikku-fetch.js'
import { find } from './dom.js'
import { endOfDay } from './due.js'
import { clearErrors, showError } from './errors.js'
import { renderList } from './list.js'
import { loadSession, storeSession } from './session.js'

const PAGE_SIZE = 10

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

let offset = 0

// ---- signing in and out -------------------------------------------------------------------------------------------

/** @param {import('./session.js').Session} session */
async function enter(session) {
  api.setAPIKey(session.apiKey)
  await refresh()
  storeSession(session)
  find('#user', HTMLElement).textContent = session.name
  show(true)
  titleField.focus()
}

function leave() {
  api.setAPIKey(undefined)
  storeSession(undefined)
  signInForm.reset()
  addForm.reset()
  filterForm.reset()
  offset = 0
  find('#list', HTMLElement).replaceChildren()
  show(false)
  nameField.focus()
}

/** @param {boolean} signedIn */
function show(signedIn) {
  signInForm.hidden = signedIn
  find('#todos', HTMLElement).hidden = !signedIn
  find('#account', HTMLElement).hidden = !signedIn
}

onSubmit(signInForm, async () => {
  await enter(await api.loginUser({ name: nameField.value.trim() }))
})

find('#sign-out', HTMLButtonElement).addEventListener('click', async () => {
  clearErrors()
  await guarded(() => api.logoutUser()).then(leave).catch(showError)
})

/**
 * Makes a call, and goes back to the start when it turns out that nobody is signed in any more.
 *
 * @template T
 * @param {() => Promise<T>} call
 */
async function guarded(call) {
  try {
    return await call()
  } catch (error) {
    if (error instanceof PikkuError && error.status === 401) leave()
    throw error
  }
}

// ---- the list -----------------------------------------------------------------------------------------------------

let latest = 0

/** Reads and shows the page of todos that the filter asks for. */
async function refresh() {
  const mine = ++latest
  const shown = new FormData(filterForm).get('show')
  const search = searchField.value.trim()
  const page = await guarded(() =>
    api.listTodos({
      completed: shown === 'all' ? undefined : shown === 'done',
      search: search || undefined,
      limit: PAGE_SIZE,
      offset,
    }),
  )
  // An answer that was overtaken by a newer one is of no interest.
  if (mine !== latest) return
  if (!page.todos.length && offset > 0) {
    offset = Math.max(0, offset - PAGE_SIZE)
    return refresh()
  }

  renderList(page.todos, { complete, rename, remove })
  const empty = find('#empty', HTMLElement)
  empty.hidden = page.total > 0
  empty.textContent = search || shown !== 'all' ? 'Nothing fits.' : 'Nothing to do. Add something above.'
  const focused = document.activeElement
  find('#pages', HTMLElement).hidden = page.total <= PAGE_SIZE
  find('#range', HTMLElement).textContent = `${offset + 1}–${offset + page.todos.length} of ${page.total}`
  previous.disabled = offset === 0
  next.disabled = offset + PAGE_SIZE >= page.total
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
  const tags = tagsField.value.split(',').map((tag) => tag.trim()).filter(Boolean)
  const todo = await guarded(() => api.createTodo({ title: titleField.value.trim(), tags, due: endOfDay(dueField.value) }))
  addForm.reset()
  titleField.focus()
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

const session = loadSession()
if (session) await enter(session).catch((error) => (show(false), showError(error)))
else leave()
