// What people do on screens, by role and label.
import assert from 'node:assert/strict'
import { until } from './harness.mjs'

/** Opens a case on its page. */
export async function openCase(page, id) {
  await page.goto(`/cases/${id}`)
  await page.getByRole('article').first().waitFor()
}

/** Takes a step through its form: opens it, lets `fill` fill it in, sends it, waits for the server's answer. */
export async function takeStep(page, who, id, label, fill) {
  await openCase(page, id)
  const before = (await who.see(id)).version
  const form = page.getByRole('form', { name: label, exact: true })
  if (!(await form.isVisible().catch(() => false))) {
    await page.getByRole('group', { name: 'Other steps' }).getByRole('button', { name: label, exact: true }).click()
    await form.waitFor()
  }
  await fill?.(form, page)
  await form.locator('.send button').first().click()
  try {
    return await until(() => who.see(id).catch((error) => ({ version: -1, gone: error.status })), (now) => now.version > before || now.gone === 404, label)
  } catch (error) {
    throw new Error(`${label}: ${await form.innerText().catch(() => 'the form is gone')}`, { cause: error })
  }
}

/** The reason under a step that is not allowed. */
export async function refusedBecause(page, id, label) {
  await openCase(page, id)
  const button = page.getByRole('group', { name: 'Other steps' }).getByRole('button', { name: label, exact: true })
  await button.waitFor()
  assert.equal(await button.getAttribute('aria-disabled'), 'true', `${label} is greyed`)
  const described = await button.getAttribute('aria-describedby')
  assert.ok(described, `${label} says why`)
  return (await page.locator(`[id='${described.split(' ')[0]}']`).textContent()).trim()
}

/** Chooses in a picker: types words, takes the first that fits. */
export async function pick(form, label, words) {
  const box = form.getByRole('combobox', { name: label }).first()
  await box.fill(words)
  const options = form.page().getByRole('option')
  await options.first().waitFor()
  await options.filter({ hasText: words }).first().click()
}
