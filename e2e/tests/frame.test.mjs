// What stands around a page: a link that brings a refusal shows it in the place of the view, and nothing else moves.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser, state;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  const app = await server.project("app");
  await server.project("empty");
  await server.identify(app, { email: "ada@example.com", status: "paid", params: { plan: "pro" } });
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  state = await context.storageState();
});
after(async () => (await browser?.close(), await server?.stop()));

/** The customers, with a link among them that htmx boosts and that leads somewhere else. */
const withLink = async (path) => {
  const visitor = await visit(browser, server, { storageState: state });
  const { page } = visitor;
  await page.goto("/customers?filter=" + encodeURIComponent("status = paid"));
  await page.locator("table.people").waitFor();
  await page.evaluate((path) => {
    const link = document.createElement("a");
    [link.href, link.textContent] = [path, "Elsewhere"];
    document.querySelector("#view .top").append(link);
    htmx.process(link);
    // What outlives a swap, and no load of a page would leave there.
    document.querySelector(".side").dataset.kept = "yes";
  }, path);
  const link = page.getByRole("link", { name: "Elsewhere" });
  return { ...visitor, link };
};
const kept = (page) => page.evaluate(() => document.querySelector(".side")?.dataset.kept === "yes");

for (const [path, status, said] of [
  ["/customers?after=nonsense", 422, "That did not work"],
  ["/customers?sum=a+b+c", 400, "That did not work"],
  ["/customers?project=nowhere", 404, "Nothing is here"],
  ["/nowhere", 404, "Nothing is here"],
]) {
  test(`${path} answers a boosted link with ${status}, and the frame stays`, async () => {
    const { page, link, faults } = await withLink(path);
    const answered = page.waitForResponse((response) => response.url().endsWith(path), { timeout: 3_000 });
    await link.click();
    assert.equal((await answered).status(), status);
    await page.getByRole("heading", { name: said }).waitFor();
    assert.equal(await page.locator("#view").count(), 1);
    assert.equal(await page.locator(".kicker").innerText(), String(status));
    assert.equal(await page.locator("table.people").count(), 0);
    assert.ok(await kept(page), "the page was loaded anew");
    await page.getByRole("link", { name: "Segments" }).waitFor();
    await page.waitForURL((url) => url.pathname + url.search === path);
    await page.goBack();
    await page.getByRole("link", { name: "ada@example.com" }).waitFor();
    assert.equal(await page.locator("#filter").inputValue(), "status = paid");
    await page.goForward();
    await page.getByRole("heading", { name: said }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: said }).waitFor();
    await page.getByRole("link", { name: "Segments" }).click();
    await page.getByRole("heading", { name: "Segments" }).waitFor();
    const of = (fault) => fault.includes(`status of ${status}`) || fault.includes("historyCacheMissLoadError");
    assert.deepEqual(faults.filter((fault) => !of(fault)), []);
  });
}

// What no link of this server is answered with in a test: each in the words of a page that it has answered.
for (const status of [403, 409, 413, 429, 500, 503]) {
  test(`a boosted link that is answered with ${status} leaves a page with that in it`, async () => {
    const { page, context, link } = await withLink("/customers?sum=refused");
    const refused = await (await context.request.get("/nowhere", { headers: { accept: "text/html" } })).text();
    const body = refused.replace('<p class="kicker">404</p>', `<p class="kicker">${status}</p>`);
    await page.route("**/customers?sum=refused", (route) => route.fulfill({ status, contentType: "text/html", body }));
    await link.click();
    await page.locator("#view .kicker", { hasText: String(status) }).waitFor();
    assert.ok(await kept(page), "the page was loaded anew");
    await page.goBack();
    await page.getByRole("link", { name: "ada@example.com" }).waitFor();
  });
}

test("a page that a stranger would see is shown in the view too, without a second frame", async () => {
  const { page, context, link } = await withLink("/customers?sum=refused");
  const alone = await (await browser.newContext({ baseURL: server.url })).request.get("/nowhere", { headers: { accept: "text/html" } });
  const body = await alone.text();
  await page.route("**/customers?sum=refused", (route) => route.fulfill({ status: 429, contentType: "text/html", body }));
  await link.click();
  await page.getByRole("heading", { name: "Nothing is here" }).waitFor();
  assert.ok(await kept(page));
  assert.equal(await page.locator("main").count(), 1);
  const card = await page.locator(".problem").boundingBox();
  assert.ok(card.x > 240 && card.x + card.width < 1440, JSON.stringify(card));
  await context.close();
});

test("clearing the filter of a project without customers leads to its call", async () => {
  const { page, quiet } = await visit(browser, server, { storageState: state });
  await page.goto("/customers?project=empty&filter=" + encodeURIComponent("status = paid"));
  await page.evaluate(() => (document.querySelector(".side").dataset.kept = "yes"));
  await page.getByRole("link", { name: "Clear" }).click();
  await page.getByRole("heading", { name: "Send your first customer" }).waitFor();
  await page.waitForURL("**/projects/empty/start");
  assert.ok(await kept(page));
  await page.getByRole("button", { name: "Copy" }).first().waitFor(); // what needs scripts is alive
  await page.goBack();
  await page.getByText("Nobody matches this filter.").waitFor();
  quiet();
});
