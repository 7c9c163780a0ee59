// @ts-check

const DAY = 24 * 60 * 60 * 1000
const near = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const far = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })

/**
 * The end of the day that was picked, where the user is: something due on Monday is late from Tuesday on.
 *
 * @param {string} day what an `<input type="date">` holds, `2030-01-31` or nothing
 */
export function endOfDay(day) {
  return day ? new Date(`${day}T23:59:59`).toISOString() : undefined
}

/**
 * A day as people say it: today, in 3 days, Jan 31, 2030.
 *
 * @param {Date} date
 */
export function sayDay(date) {
  const days = Math.round((startOfDay(date) - startOfDay(new Date())) / DAY)
  return Math.abs(days) < 7 ? near.format(days, 'day') : far.format(date)
}

/** @param {Date} date */
function startOfDay(date) {
  return new Date(date).setHours(0, 0, 0, 0)
}
