// What happens while one reads: a count appears, nothing moves, and all tabs of a browser share one connection.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser, state, app, people = 0;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  app = await server.project("app");
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  state = await context.storageState();
  await context.close();
});
after(async () => (await browser?.close(), await server?.stop()));

const somebody = () => server.identify(app, { email: `c${++people}@example.com`, status: "paid" });

/** A visitor whose connections to the stream are counted: `made` in all, `open` now. */
const watched = async () => {
  const visitor = await visit(browser, server, { storageState: state });
  const streams = { made: 0, open: 0 };
  const isStream = (request) => new URL(request.url()).pathname === "/events";
  visitor.context.on("request", (request) => isStream(request) && (streams.made++, streams.open++));
  for (const end of ["requestfinished", "requestfailed"]) {
    visitor.context.on(end, (request) => isStream(request) && streams.open--);
  }
  const tab = async () => {
    const page = await visitor.context.newPage();
    await page.goto("/projects");
    await page.locator("[data-live]").waitFor({ state: "attached" });
    return page;
  };
  return { ...visitor, streams, tab };
};

/** Waits until something is so. */
const until = async (what, so) => {
  for (const end = Date.now() + 10_000; !(await so()); ) {
    assert.ok(Date.now() < end, what);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Waits until a tab says that so much has changed. */
const says = (page, text) => page.getByRole("status").getByRole("link", { name: text, exact: true }).waitFor({ timeout: 5_000 });

/** Hides a tab, or shows it, as far as its scripts can tell. */
const look = (page, visibility) =>
  page.evaluate((visibility) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => visibility });
    document.dispatchEvent(new Event("visibilitychange"));
  }, visibility);

test("two tabs hear of a change over one connection, and when one closes the other goes on", async () => {
  const { streams, tab, quiet } = await watched();
  const [one, other] = [await tab(), await tab()];
  await until("a tab listens", () => streams.open === 1);
  const before = await one.locator("#view").boundingBox();
  await other.evaluate(() => document.addEventListener("tinycrm:changed", (event) => (window.told = event.detail)));
  await somebody();
  await Promise.all([says(one, "1 change: show"), says(other, "1 change: show")]);
  assert.deepEqual(await one.locator("#view").boundingBox(), before, "what one reads has moved");
  const told = await other.evaluate(() => window.told);
  assert.deepEqual(told.projects, [{ project: "app", test: false, created: 1, changed: 0, erased: 0 }]);
  await somebody();
  await Promise.all([says(one, "2 changes: show"), says(other, "2 changes: show")]);
  assert.deepEqual(streams, { made: 1, open: 1 });
  await one.close();
  await somebody();
  await says(other, "3 changes: show");
  assert.equal(streams.made, 2);
  // The link shows it, and the count begins anew.
  await other.getByRole("link", { name: "3 changes: show" }).click();
  await other.locator("[data-live]").waitFor({ state: "hidden" });
  await other.getByText(`${people} customers`).first().waitFor();
  await somebody();
  await says(other, "1 change: show");
  quiet();
});

test("nobody listens while no tab is looked at, and whoever comes back is told what happened meanwhile", async () => {
  const { streams, tab, quiet } = await watched();
  const [one, other] = [await tab(), await tab()];
  await until("a tab listens", () => streams.open === 1);
  await look(one, "hidden");
  await somebody();
  await Promise.all([says(one, "1 change: show"), says(other, "1 change: show")]);
  assert.equal(streams.open, 1);
  await look(other, "hidden");
  await until("the connection is closed", () => streams.open === 0);
  await somebody();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal(await one.getByRole("link", { name: "1 change: show" }).count(), 1);
  await look(one, "visible");
  await Promise.all([says(one, "2 changes: show"), says(other, "2 changes: show")]);
  assert.equal(streams.open, 1);
  quiet();
});

test("without scripts nothing is said", async () => {
  const context = await browser.newContext({ baseURL: server.url, storageState: state, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/projects");
  await somebody();
  await page.waitForTimeout(1_000);
  assert.equal(await page.locator("[data-live]").count(), 1);
  assert.equal(await page.locator("[data-live]").isVisible(), false);
  await context.close();
});

test("a tab whose session has ended hears nothing any more", async () => {
  const { streams, tab } = await watched();
  const page = await tab();
  await until("the tab listens", () => streams.open === 1);
  await server.cli("member", "sign-out", "owner@example.com");
  await until("the stream has ended", () => streams.open === 0);
  await somebody();
  await page.waitForTimeout(3_000);
  assert.equal(await page.locator("[data-live]").isVisible(), false);
});
