// @ts-check
import { find, make } from './dom.js'
import { clearErrors, showError } from './errors.js'
import { sayDay } from './due.js'

/**
 * @typedef {import('./pikku/pikku-fetch.js').Todo} Todo
 * @typedef {{ complete(todo: Todo, completed: boolean): Promise<void>, rename(todo: Todo, title: string): Promise<void>, remove(todo: Todo): Promise<void> }} Actions
 * @typedef {{ item: HTMLLIElement, form: HTMLFormElement, show(todo: Todo): void }} Row
 */

const list = find('#list', HTMLElement)

/** What is on the page, by the id of its todo. @type {Map<string, Row>} */
const rows = new Map()
/** The ids of the todos that belong on the page. @type {Set<string>} */
let wanted = new Set()

/**
 * Shows these todos. Rows that are on the page already stay, with what is being typed in them.
 *
 * @param {Todo[]} todos
 * @param {Actions} actions
 */
export function renderList(todos, actions) {
  wanted = new Set(todos.map(({ todoId }) => todoId))
  keepFocus(() => {
    dropRows()
    let place = list.firstElementChild
    for (const todo of todos) {
      const row = rows.get(todo.todoId) ?? makeRow(actions)
      // Todos never change places, so only a new one has to be put into its own.
      if (!rows.has(todo.todoId)) list.insertBefore(row.item, place)
      rows.set(todo.todoId, row)
      row.show(todo)
      place = row.item.nextElementSibling
    }
  })
}

/** Shows no todos, and forgets what is being typed. */
export function clearList() {
  wanted = new Set()
  for (const { form } of rows.values()) form.hidden = true
  dropRows()
}

/** Takes away the rows that don't belong on the page, once nobody is typing in them any more. */
function dropRows() {
  for (const [id, { item, form }] of rows) {
    if (wanted.has(id) || !form.hidden) continue
    item.remove()
    rows.delete(id)
  }
}

/**
 * Leaves the keyboard where it was: on the same button of the same todo, or of the one that took its place.
 *
 * @param {() => void} change
 */
function keepFocus(change) {
  const focused = document.activeElement?.closest('#list [data-action]')
  const before = focused?.closest('li')
  const place = before ? [...list.children].indexOf(before) : 0
  change()
  if (!(focused instanceof HTMLElement) || focused.isConnected) return
  const heir = list.children[Math.min(place, list.children.length - 1)]
  const target = heir?.querySelector(`[data-action="${focused.dataset.action}"]`) ?? document.querySelector('#title')
  if (target instanceof HTMLElement) target.focus()
}

/**
 * @param {Actions} actions
 * @returns {Row}
 */
function makeRow(actions) {
  const fragment = /** @type {DocumentFragment} */ (find('#todo', HTMLTemplateElement).content.cloneNode(true))
  const item = find('li', HTMLLIElement, fragment)
  const text = find('.text', HTMLElement, item)
  const complete = find('[data-action=complete]', HTMLInputElement, item)
  const rename = find('[data-action=rename]', HTMLButtonElement, item)
  const remove = find('[data-action=delete]', HTMLButtonElement, item)
  /** @type {Todo} */
  let todo
  /** How many of one's own changes to the checkbox are under way. */
  let pending = 0

  complete.addEventListener('change', async () => {
    clearErrors()
    pending++
    await actions.complete(todo, complete.checked).catch(showError)
    if (!--pending) complete.checked = todo.completed
  })
  remove.addEventListener('click', async () => {
    clearErrors()
    await actions.remove(todo).catch(showError)
  })
  const form = enableRename(item, () => todo, actions)

  return {
    item,
    form,
    show(latest) {
      todo = latest
      item.dataset.id = todo.todoId
      item.classList.toggle('done', todo.completed)
      // A new text, even if it is the same, would undo a selection.
      if (text.textContent !== todo.title) text.textContent = todo.title
      find('.details', HTMLElement, item).replaceChildren(...details(todo))
      if (!pending) complete.checked = todo.completed
      complete.ariaLabel = `Done: ${todo.title}`
      rename.ariaLabel = `Rename: ${todo.title}`
      remove.ariaLabel = `Delete: ${todo.title}`
    },
  }
}

/** @param {Todo} todo */
function details(todo) {
  const parts = todo.tags.map((tag) => make('span', 'tag', tag))
  if (todo.due) {
    const due = new Date(todo.due)
    const late = !todo.completed && due < new Date()
    parts.unshift(make('span', late ? 'due late' : 'due', `${late ? 'was due' : 'due'} ${sayDay(due)}`))
  }
  return parts
}

/**
 * The title becomes a field in its place: Enter or leaving it saves, Escape doesn't.
 *
 * @param {HTMLLIElement} item
 * @param {() => Todo} current the todo as it is by now
 * @param {Actions} actions
 */
function enableRename(item, current, actions) {
  const text = find('.text', HTMLElement, item)
  const form = find('.rename', HTMLFormElement, item)
  const field = find('input', HTMLInputElement, form)
  const button = find('[data-action=rename]', HTMLButtonElement, item)

  const open = () => {
    field.value = field.defaultValue = current().title
    text.hidden = true
    form.hidden = false
    field.select()
  }
  const close = () => {
    const hadFocus = form.contains(document.activeElement)
    clearErrors(form)
    // Hidden first, so that the field's blur finds nothing left to save.
    form.hidden = true
    text.hidden = false
    if (hadFocus) button.focus()
    keepFocus(dropRows)
  }
  const save = async () => {
    if (form.hidden || form.ariaBusy === 'true') return
    // Only what was typed here counts: the title may have changed elsewhere meanwhile.
    if (field.value !== field.defaultValue) {
      clearErrors(form)
      form.ariaBusy = 'true'
      try {
        await actions.rename(current(), field.value)
      } catch (error) {
        return showError(error, form)
      } finally {
        form.ariaBusy = null
      }
    }
    close()
  }

  button.addEventListener('click', open)
  text.addEventListener('dblclick', open)
  field.addEventListener('blur', save)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    save()
  })
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close()
  })
  return form
}
