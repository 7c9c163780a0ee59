// @ts-check

/**
 * The one element that a selector finds, as the type that it has to be. A page that lacks it fails here and not later.
 *
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function find(selector, type, root = document) {
  const found = root.querySelector(selector)
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} at "${selector}"`)
  return found
}

/**
 * An element with a class and a text.
 *
 * @param {string} tag
 * @param {string} className
 * @param {string} text
 */
export function make(tag, className, text) {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}
