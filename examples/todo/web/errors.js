// @ts-check
import { PikkuError } from './pikku/pikku-fetch.js'
import { find } from './dom.js'

let slots = 0

/**
 * Shows what went wrong where it belongs: what the server says of a field under that field of the form, and anything
 * else at the top of the page.
 *
 * @param {unknown} error
 * @param {HTMLFormElement} [form]
 */
export function showError(error, form) {
  const fields = error instanceof PikkuError ? error.errors ?? [] : []
  const elsewhere = fields.filter(({ pointer, detail }) => !form || !showAtField(form, pointer, detail))
  const wrong = form?.querySelector('[aria-invalid=true]')
  if (wrong instanceof HTMLElement) wrong.focus()
  if (fields.length && !elsewhere.length) return
  const words = elsewhere.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}`)
  find('#alert', HTMLElement).textContent = words.join('; ') || describe(error)
}

/**
 * Takes back what was shown before, at the top of the page and in the form.
 *
 * @param {HTMLFormElement} [form]
 */
export function clearErrors(form) {
  find('#alert', HTMLElement).textContent = ''
  for (const slot of form?.querySelectorAll('[data-error]') ?? []) slot.textContent = ''
  for (const field of form?.querySelectorAll('[aria-invalid]') ?? []) {
    field.removeAttribute('aria-invalid')
    field.removeAttribute('aria-describedby')
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {string} pointer a JSON pointer; what is wrong with `/tags/2` is shown under the tags
 * @param {string} detail
 * @returns {boolean} whether the form has such a field
 */
function showAtField(form, pointer, detail) {
  const [, name, ...rest] = pointer.split('/')
  const field = form.elements.namedItem(name)
  const slot = form.querySelector(`[data-error="${CSS.escape(name)}"]`)
  if (!(field instanceof HTMLInputElement) || !slot) return false
  const words = rest.length ? `number ${Number(rest[0]) + 1}: ${detail}` : detail
  slot.textContent = slot.textContent ? `${slot.textContent}; ${words}` : words
  slot.id ||= `error-${++slots}`
  field.setAttribute('aria-invalid', 'true')
  field.setAttribute('aria-describedby', slot.id)
  return true
}

/** @param {unknown} error */
function describe(error) {
  if (error instanceof PikkuError) return error.message
  console.error(error)
  return 'The server can’t be reached. Is it running?'
}
