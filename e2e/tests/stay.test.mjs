// Rows that stay: who no longer matches is dimmed where they stand, and the way back to the table shows them; the past of one person.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser, state, app;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  app = await server.project("app");
  const call = (name, plan, timestamp) => ({ type: "identify", email: `${name}@example.com`, params: { plan }, timestamp });
  await server.batch(app, [
    ...["ada", "bob", "eve"].map((name) => call(name, "solo", "2026-03-01T12:00:00Z")),
    ...["ada", "bob", "eve"].map((name) => call(name, "free", "2026-03-20T12:00:00Z")),
  ]);
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  state = await context.storageState();
  await context.close();
});
after(async () => (await browser?.close(), await server?.stop()));

const come = async (path) => {
  const visitor = await visit(browser, server, { storageState: state });
  await visitor.page.goto(path);
  return visitor;
};
const rows = (page) => page.locator("table.people tbody tr");
const left = (page) => page.locator("table.people tr.left");
const FREE = "/customers?project=app&filter=params.plan%20=%20free&sort=email";

/** Saves another plan on the page of a person. */
const edit = async (page, plan) => {
  await page.getByRole("link", { name: "Edit params.plan", exact: true }).click();
  await page.locator("form.edit").getByLabel("Value").fill(plan);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Undo" }).waitFor();
};

test("who was edited stays dimmed on the way back, until the next question", async () => {
  const { page, quiet } = await come(FREE);
  assert.equal(await rows(page).count(), 3);
  await page.getByRole("link", { name: "bob@example.com", exact: true }).click();
  await edit(page, "pro");
  await page.locator(".crumb").getByRole("link", { name: "Customers", exact: true }).click();
  await left(page).getByText("no longer matches").waitFor();
  assert.match(await left(page).innerText(), /bob@example\.com/);
  assert.equal(await rows(page).count(), 3);
  assert.match(page.url(), /filter=params\.plan/);
  await page.locator("table.people th.who a").click();
  await left(page).waitFor({ state: "detached" });
  assert.equal(await rows(page).count(), 2, "another question begins anew");
  // Who matches again is where they were.
  await page.goto(FREE);
  await page.getByRole("link", { name: "ada@example.com", exact: true }).click();
  await page.goBack();
  await page.getByText("ada@example.com").first().waitFor();
  assert.equal(await left(page).count(), 0);
  quiet();
});

test("a change by anybody dims the row, and the change back lights it", async () => {
  const { page, quiet } = await come(FREE);
  await rows(page).nth(1).waitFor();
  await server.identify(app, { email: "eve@example.com", params: { plan: "team" } });
  await left(page).getByText("no longer matches").waitFor();
  assert.match(await left(page).innerText(), /eve@example\.com/);
  assert.equal(await rows(page).count(), 2, "nothing moves");
  await server.identify(app, { email: "eve@example.com", params: { plan: "free" } });
  await left(page).waitFor({ state: "detached" });
  quiet();
});

test("after an act the way back shows whom it was about", async () => {
  const { page, quiet } = await come(FREE);
  await page.getByRole("checkbox", { name: "Choose ada@example.com" }).check();
  await page.getByRole("button", { name: "Act on them" }).click();
  await page.getByLabel("Param", { exact: true }).fill("plan");
  await page.getByLabel("Value", { exact: true }).fill("pro");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("button", { name: "Do it" }).click();
  await page.getByRole("link", { name: "Back to the list" }).click();
  await left(page).getByText("no longer matches").waitFor();
  assert.match(await left(page).innerText(), /ada@example\.com/);
  quiet();
});

test("a person of a day of the past is opened from the table of that day, and leads back to it", async () => {
  const { page, quiet } = await come("/customers?as_of=2026-03-10&sort=email");
  await page.getByRole("link", { name: "bob@example.com", exact: true }).click();
  await page.getByText("as it was at the end of").first().waitFor();
  assert.equal(await page.locator(".tree").getByText("solo").count(), 1);
  assert.equal(await page.getByRole("link", { name: /^Edit / }).count(), 0);
  await page.locator(".crumb").getByRole("link", { name: "Customers", exact: true }).click();
  await page.waitForURL(/\/customers\?as_of=2026-03-10&sort=email$/);
  await page.goBack();
  await page.getByRole("link", { name: "Back to today", exact: true }).click();
  await page.getByRole("link", { name: "Edit params.plan", exact: true }).waitFor();
  quiet();
});
