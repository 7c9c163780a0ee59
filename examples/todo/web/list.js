// @ts-check
import { find, make } from './dom.js'
import { clearErrors, showError } from './errors.js'
import { sayDay } from './due.js'

/**
 * @typedef {import('./pikku/pikku-fetch.js').Todo} Todo
 * @typedef {{ complete(todo: Todo, completed: boolean): Promise<void>, rename(todo: Todo, title: string): Promise<void>, remove(todo: Todo): Promise<void> }} Actions
 */

const list = find('#list', HTMLElement)

/**
 * Shows these todos, and leaves the keyboard where it was: on the same button of the same todo, or of the one that took
 * its place.
 *
 * @param {Todo[]} todos
 * @param {Actions} actions
 */
export function renderList(todos, actions) {
  const focused = document.activeElement?.closest('#list [data-action]')
  const before = focused?.closest('li')
  const place = before ? [...list.children].indexOf(before) : 0

  list.replaceChildren(...todos.map((todo) => renderTodo(todo, actions)))

  if (!(focused instanceof HTMLElement) || !before) return
  const item = list.querySelector(`[data-id="${before.dataset.id}"]`) ?? list.children[Math.min(place, todos.length - 1)]
  const target = item?.querySelector(`[data-action="${focused.dataset.action}"]`) ?? document.querySelector('#title')
  if (target instanceof HTMLElement) target.focus()
}

/**
 * @param {Todo} todo
 * @param {Actions} actions
 */
function renderTodo(todo, actions) {
  const fragment = /** @type {DocumentFragment} */ (find('#todo', HTMLTemplateElement).content.cloneNode(true))
  const item = find('li', HTMLLIElement, fragment)
  item.dataset.id = todo.todoId
  item.classList.toggle('done', todo.completed)
  find('.text', HTMLElement, item).textContent = todo.title
  find('.details', HTMLElement, item).append(...details(todo))

  const complete = find('[data-action=complete]', HTMLInputElement, item)
  complete.checked = todo.completed
  complete.ariaLabel = `Done: ${todo.title}`
  complete.addEventListener('change', async () => {
    clearErrors()
    await actions.complete(todo, complete.checked).catch((error) => {
      complete.checked = todo.completed
      showError(error)
    })
  })

  const remove = find('[data-action=delete]', HTMLButtonElement, item)
  remove.ariaLabel = `Delete: ${todo.title}`
  remove.addEventListener('click', async () => {
    clearErrors()
    await actions.remove(todo).catch(showError)
  })

  enableRename(item, todo, actions)
  return item
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
 * @param {Todo} todo
 * @param {Actions} actions
 */
function enableRename(item, todo, actions) {
  const text = find('.text', HTMLElement, item)
  const form = find('.rename', HTMLFormElement, item)
  const field = find('input', HTMLInputElement, form)
  const button = find('[data-action=rename]', HTMLButtonElement, item)
  button.ariaLabel = `Rename: ${todo.title}`

  const open = () => {
    field.value = todo.title
    text.hidden = true
    form.hidden = false
    field.select()
  }
  const close = () => {
    clearErrors(form)
    // Hidden first, so that the field's blur finds nothing left to save.
    form.hidden = true
    text.hidden = false
  }
  const save = async () => {
    if (form.hidden || form.ariaBusy === 'true') return
    const hadFocus = form.contains(document.activeElement)
    if (field.value !== todo.title) {
      clearErrors(form)
      form.ariaBusy = 'true'
      try {
        await actions.rename(todo, field.value)
      } catch (error) {
        return showError(error, form)
      } finally {
        form.ariaBusy = null
      }
    }
    close()
    // The list may have been rendered anew, with another button of the same kind.
    if (hadFocus) find(`[data-id="${todo.todoId}"] [data-action=rename]`, HTMLButtonElement, list).focus()
  }

  button.addEventListener('click', open)
  text.addEventListener('dblclick', open)
  field.addEventListener('blur', save)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    save()
  })
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    close()
    button.focus()
  })
}
