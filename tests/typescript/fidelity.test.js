// Values of every shape go from the server to the generated client and back, unchanged, and are what their types say.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { PikkuFetch } from './generated/pikku-fetch.js'
import { startServer } from './real-server.js'

const SHAPES = [
  'Renamed', 'Optional', 'Numbers', 'Foreign', 'Collections', 'Enums', 'External', 'Flattened', 'FlattenedEnum',
  'Wrappers', 'Tree',
]

const api = new PikkuFetch({ serverUrl: await startServer() })

for (const shape of SHAPES) {
  test(`${shape} comes back unchanged`, async () => {
    const values = await api[`sample${shape}`]()
    assert.ok(values.length > 0)
    assert.equal(await api[`verify${shape}`](values), true)
    for (const value of values) assert.deepEqual(await api[`echo${shape}`](value), value)
  })
}

test('whole numbers of 64 bits are exact', async () => {
  const [zero, most] = await api.sampleNumbers()
  assert.deepEqual([zero.big, most.big, most.big_signed], [0n, 2n ** 64n - 1n, -(2n ** 63n)])
  assert.equal(most.middle, 2 ** 32 - 1)
})

/** A value as TypeScript would write it. */
const literal = (value) => {
  if (typeof value == 'bigint') return `${value}n`
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (value === null || typeof value != 'object') return JSON.stringify(value)
  // A key that stands for the prototype in a literal stands for itself in brackets.
  return `{ ${Object.entries(value).map(([key, value]) => `[${JSON.stringify(key)}]: ${literal(value)}`).join(', ')} }`
}

test('what the server sends is what the types say', async () => {
  const lines = [`import type { ${SHAPES.join(', ')} } from '../generated/pikku-types.js'`, '']
  for (const shape of SHAPES) {
    const values = await api[`sample${shape}`]()
    lines.push(`export const values${shape}: ${shape}[] = ${literal(values)}`)
  }
  await mkdir('samples', { recursive: true })
  await writeFile('samples/samples.ts', `${lines.join('\n')}\n`)
  await promisify(execFile)('node_modules/.bin/tsc', ['-p', 'tsconfig.samples.json']).catch((error) => {
    assert.fail(error.stdout)
  })
})
