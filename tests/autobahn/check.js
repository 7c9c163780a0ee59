// Compares a report of Autobahn with what is expected: every case is there, and none fares worse than it did.

const { readFileSync } = require('node:fs')

const [report, expected] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')))
const outcomes = Object.entries(Object.values(report)[0] ?? {})
const worse = outcomes.filter(([id, { behavior, behaviorClose }]) => {
  const allowed = ['OK', expected.otherwise[id]]
  return !allowed.includes(behavior) || !allowed.includes(behaviorClose)
})
for (const [id, { behavior, behaviorClose }] of worse) console.log(`case ${id}: ${behavior}, and its close ${behaviorClose}`)
const missing = expected.cases - outcomes.length
if (missing > 0) console.log(`${missing} cases were not played`)
console.log(`# pass ${outcomes.length - worse.length}\n# fail ${worse.length + Math.max(missing, 0)}`)
process.exit(worse.length || missing > 0 ? 1 : 0)
