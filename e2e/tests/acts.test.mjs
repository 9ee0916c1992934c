// What is done to many at once: ticked, previewed, done, undone; and the hands of the table: keys, a peek, pages back, columns.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

const PEOPLE = 120;
let server, browser, state, app;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  app = await server.project("app");
  const email = (i) => `p${String(i).padStart(3, "0")}@example.com`;
  await server.batch(
    app,
    Array.from({ length: PEOPLE }, (_, i) => ({ type: "identify", email: email(i), params: { seat: i, plan: "free" } })),
  );
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  state = await context.storageState();
});
after(async () => (await browser?.close(), await server?.stop()));

const come = async (path, options = {}) => {
  const visitor = await visit(browser, server, { storageState: state, ...options });
  await visitor.page.goto(path);
  return visitor;
};
const plans = async (page) => {
  await page.goto("/customers?project=app&sort=email&columns=params.plan");
  return Object.fromEntries(
    await page.locator("tbody tr").evaluateAll((rows) =>
      rows.map((row) => [row.querySelector(".who").innerText.slice(0, 4), row.querySelector(".param").innerText]),
    ),
  );
};

for (const javaScriptEnabled of [true, false]) {
  test(`two are ticked, get a param, and it is undone, ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
    const { page, quiet } = await come("/customers?project=app&sort=email", { javaScriptEnabled });
    await page.getByRole("checkbox", { name: "Choose p001@example.com" }).check();
    await page.getByRole("checkbox", { name: "Choose p003@example.com" }).check();
    if (javaScriptEnabled) await page.getByText("2 ticked").waitFor();
    await page.locator(".chosen").getByRole("button", { name: "Act on them" }).click();
    await page.getByRole("heading", { name: "2 people chosen" }).waitFor();
    assert.equal(await page.getByRole("combobox", { name: "Status" }).isVisible(), false, "only what is asked for");
    await page.getByLabel("Param", { exact: true }).fill("plan");
    await page.getByLabel("Value", { exact: true }).fill("pro");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByRole("heading", { name: 'Set plan to "pro" for 2 people.' }).waitFor();
    await page.getByRole("button", { name: "Do it" }).click();
    await page.getByText("2 were changed").waitFor();
    assert.match(page.url(), /\/acts\/[0-9a-f-]+$/);
    const place = page.url();
    let now = await plans(page);
    assert.deepEqual([now.p001, now.p002, now.p003], ["pro", "free", "pro"]);
    await server.identify(app, { email: "p003@example.com", params: { plan: "team" } });
    await page.goto(place);
    await page.getByText("Undo", { exact: true }).click();
    await page.getByRole("button", { name: "Undo this act" }).click();
    await page.getByText("1 are as they were before").waitFor();
    now = await plans(page);
    assert.deepEqual([now.p001, now.p003], ["free", "team"]);
    await server.identify(app, { email: "p003@example.com", params: { plan: "free" } });
    quiet();
  });
}

test("all that match are a step of their own", async () => {
  const { page, quiet } = await come("/customers?project=app&filter=" + encodeURIComponent("seat < 100"));
  await page.getByLabel("Choose all of this page").check();
  await page.getByText("50 ticked").waitFor();
  await page.locator(".chosen").getByRole("button", { name: "All 100 that match" }).click();
  await page.getByRole("heading", { name: "All 100 people who match" }).waitFor();
  await page.getByText("Set the status", { exact: true }).click();
  await page.getByRole("combobox", { name: "Status" }).selectOption("trial");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("button", { name: "Do it" }).click();
  await page.getByText("100 were changed").waitFor();
  quiet();
});

test("the table is walked, ticked and peeked at by keyboard, from anywhere but a field", async () => {
  const { page, quiet } = await come("/customers?project=app&sort=email");
  const focused = () => page.evaluate(() => document.activeElement.title || document.activeElement.textContent);
  await page.locator("textarea, input[name=filter]").first().focus();
  await page.keyboard.press("j");
  assert.notEqual(await focused(), "p000@example.com", "a field keeps its keys");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("j");
  assert.equal(await focused(), "p000@example.com");
  for (const key of ["j", "ArrowDown", "k"]) await page.keyboard.press(key);
  assert.equal(await focused(), "p001@example.com");
  await page.keyboard.press("x");
  assert.equal(await page.getByRole("checkbox", { name: "Choose p001@example.com" }).isChecked(), true);
  await page.keyboard.press(" ");
  await page.locator("#peek").getByRole("heading", { name: "p001@example.com" }).waitFor();
  await page.locator("#peek .tree").getByText("seat").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#peek").waitFor({ state: "hidden" });
  assert.equal(await focused(), "p001@example.com", "the focus comes back");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("these keys").waitFor();
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await page.getByRole("button", { name: "Keys ?" }).click();
  await page.getByRole("dialog").getByText("these keys").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "p001@example.com", exact: true }).focus();
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("next customer").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "p001@example.com");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/customers\/[0-9a-f-]{36}/);
  quiet();
});

test("pages lead back, and stay as long as they were", async () => {
  const { page, quiet } = await come("/customers?project=app&sort=email");
  const first = () => page.locator("td.who").first().innerText();
  const go = async (name, expected) => {
    await page.getByRole("link", { name, exact: true }).click();
    await page.waitForFunction((text) => document.querySelector("td.who").innerText === text, expected);
  };
  await go("Next page", "p050@example.com");
  await go("Next page", "p100@example.com");
  await go("Previous page", "p050@example.com");
  await go("Previous page", "p000@example.com");
  assert.equal(await page.getByRole("link", { name: "Previous page" }).count(), 0);
  await page.getByRole("link", { name: "100", exact: true }).click();
  await page.waitForFunction(() => document.querySelectorAll("table.people tbody tr").length === 100);
  assert.equal(await first(), "p000@example.com");
  quiet();
});

test("columns are put in order and kept, without scripts", async () => {
  const { page, quiet } = await come("/customers?project=app&columns=params.plan,params.seat", { javaScriptEnabled: false });
  const heads = () => page.locator("th.param").allInnerTexts();
  assert.deepEqual(await heads(), ["plan", "seat"]);
  await page.getByText("Columns", { exact: true }).click();
  await page.getByRole("link", { name: "Move seat left" }).click();
  assert.deepEqual(await heads(), ["seat", "plan"]);
  await page.getByText("Columns", { exact: true }).click();
  await page.getByRole("button", { name: "Make this my default" }).click();
  await page.goto("/customers?project=app");
  assert.deepEqual(await heads(), ["seat", "plan"]);
  await page.getByText("Columns", { exact: true }).click();
  await page.getByRole("button", { name: "Forget my default" }).click();
  assert.notDeepEqual(await heads(), ["seat", "plan"]);
  quiet();
});

test("what changes meanwhile is said, and nothing moves; the head and the first column stay in sight", async () => {
  const { page, quiet } = await come("/customers?project=app&sort=email", { viewport: { width: 700, height: 700 } });
  await server.identify(app, { email: "p002@example.com", params: { seat: 1000 } });
  await page.getByRole("link", { name: "1 change: show" }).waitFor();
  assert.equal(await page.locator("table.people tbody tr").count(), 50);
  await page.locator(".people-scroll").evaluate((over) => over.scrollTo(500, 600));
  const [over, head, who] = await Promise.all(
    [".people-scroll", "th.who", "tbody tr:nth-child(30) td.who"].map((part) => page.locator(part).boundingBox()),
  );
  assert.ok(Math.abs(head.y - over.y) < 2, `the head is at ${head.y - over.y}`);
  assert.ok(who.x - over.x < 40, `the first column is at ${who.x - over.x}`);
  quiet();
});

test("what goes on beside the edge of a table fades out, and no more at its end", async () => {
  const { page, quiet } = await come("/customers?project=app&sort=email", { viewport: { width: 390, height: 800 } });
  const table = page.locator(".people-scroll");
  const fade = () => table.evaluate((one) => getComputedStyle(one).getPropertyValue("--beside"));
  assert.ok(await table.evaluate((one) => one.scrollWidth > one.clientWidth + 1), "there is more");
  assert.equal(await fade(), "56px");
  await table.evaluate((one) => one.scrollTo(one.scrollWidth, 0));
  await page.waitForFunction(() => {
    const one = document.querySelector(".people-scroll");
    return getComputedStyle(one).getPropertyValue("--beside") === "0px";
  });
  quiet();
});
