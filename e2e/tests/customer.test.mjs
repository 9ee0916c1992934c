// What is done to one person: two merged and parted again, the past set right, values edited, notes written; and that nothing sticks out on a small screen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

const SCREENS = [
  { width: 390, height: 780 },
  { width: 700, height: 900 },
];
let server, browser, state, app, shop;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  [app, shop] = [await server.project("app"), await server.project("shop-with-a-name-that-is-long-indeed")];
  await server.identify(app, { email: "ada@example.com", name: "Ada", params: { plan: "free", seats: 2 }, timestamp: "2024-01-01" });
  await server.identify(app, { email: "billing@ada.example", status: "trial", name: "Ada Ltd", params: { plan: "pro" }, timestamp: "2024-02-01" });
  await server.identify(app, { email: "billing@ada.example", status: "churned", timestamp: "2024-03-01" });
  await server.identify(shop, { email: "billing@ada.example", params: { cart: 3, note: "a text that is as long as some are ".repeat(9) } });
  await server.identify(app, { email: "edit@example.com", params: { plan: "free", mrr: 29, seats: 2 } });
  await server.identify(app, { email: "test@my-company-with-a-long-name.example.com" });
  await server.cli("ignore", "add", "@my-company-with-a-long-name.example.com");
  await server.cli("member", "add", "somebody-with-a-long-name@some-company.example.com", "--role", "viewer");
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
/** Follows a link of the menu. */
const more = async (page, name) => {
  await page.locator("summary", { hasText: "More" }).click();
  await page.getByRole("link", { name }).click();
};
const card = (page, name) => page.getByRole("region", { name, exact: true });

test("two customers are previewed, merged, found by the alias, and parted again", async () => {
  const { page, quiet } = await come("/customers/ada@example.com");
  await more(page, "Merge");
  await page.getByLabel("The other address").fill("billing@ada.example");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("heading", { name: /^billing@ada.example becomes an alias of ada@example.com/ }).waitFor();
  assert.match(await card(page, "app").innerText(), /both become one[^]*churned[^]*name\s*Ada → Ada Ltd[^]*params.plan\s*free → pro/);
  assert.match(await card(page, "shop-with-a-name-that-is-long-indeed").innerText(), /moves as it is/);
  await page.getByRole("link", { name: "Keep billing@ada.example instead" }).click();
  await page.getByRole("heading", { name: /^ada@example.com becomes an alias of billing@ada.example/ }).waitFor();
  await page.getByRole("link", { name: "Keep ada@example.com instead" }).click();
  await page.getByRole("button", { name: "Merge the two" }).click();
  await page.getByRole("heading", { name: "ada@example.com", exact: true }).waitFor();
  const aliases = page.getByRole("region", { name: "Aliases" });
  assert.match(await aliases.innerText(), /billing@ada.example\s+can be undone until/);
  assert.equal(await page.locator(".project-card").count(), 2);

  await page.goto("/customers?filter=" + encodeURIComponent("email = billing@ada.example"));
  const doubt = page.locator(".doubt");
  assert.match(await doubt.innerText(), /^the address billing@ada.example is an alias of ada@example.com/);
  await doubt.getByRole("link").click();
  await page.locator("td.who").getByRole("link", { name: "ada@example.com" }).click();

  await aliases.getByText("Undo the merge").click();
  await page.getByRole("button", { name: "Make them two again" }).click();
  await aliases.waitFor({ state: "detached" });
  assert.equal(await page.locator(".project-card").count(), 1);
  await page.goto("/customers/billing@ada.example");
  await page.getByRole("heading", { name: "billing@ada.example", exact: true }).waitFor();
  quiet();
});

test("an address that nobody has is said beside its field", async () => {
  const { page, faults } = await come("/customers/ada@example.com");
  await more(page, "Merge");
  await page.getByLabel("The other address").fill("nobody@example.com");
  await page.keyboard.press("Enter");
  assert.match(await page.getByRole("alert").innerText(), /nobody has the address nobody@example.com/i);
  assert.equal(await page.getByLabel("The other address").inputValue(), "nobody@example.com");
  assert.deepEqual(faults.filter((fault) => !fault.includes("422")), []);
});

test("the past is set right after a preview of what is told anew", async () => {
  const { page, quiet } = await come("/customers/billing@ada.example");
  await card(page, "app").getByRole("link", { name: "Correct the dates" }).click();
  await page.getByLabel("First paid").fill("2023-06-01");
  await page.getByLabel("Status since").fill("2023-10-01");
  await page.getByRole("button", { name: "Preview" }).click();
  const row = (name) => page.getByRole("row", { name });
  assert.match(await row("First paid").innerText(), /never\s+1 Jun 2023/);
  // Nobody pays before they are seen.
  assert.match(await row("First seen").innerText(), /1 Feb 2024\s+1 Jun 2023/);
  assert.match(await row("History of the status").innerText(), /trial 2024-02-01\s+churned 2024-03-01\s+paid 2023-06-01\s+churned 2023-10-01/);
  await page.getByRole("button", { name: "Correct it" }).click();
  await page.getByRole("heading", { name: "History" }).waitFor();
  assert.match(await card(page, "app").innerText(), /Status since\s+1 Oct 2023\s+First paid\s+1 Jun 2023/);
  quiet();
});

test("the letters of the calendar are as large as others, on every screen, and it fits its card", async () => {
  for (const width of [390, 700, 1440]) {
    const { page, quiet } = await come("/customers/ada@example.com", { viewport: { width, height: 900 } });
    const title = await page.getByRole("heading", { level: 1 }).boundingBox();
    for (const text of await page.locator(".calendar text").all()) {
      assert.ok((await text.boundingBox()).height < title.height, `${width}: ${await text.textContent()}`);
    }
    const [card, drawn] = [await page.locator(".project-card").boundingBox(), await page.locator(".calendar svg").first().boundingBox()];
    assert.ok(drawn.x > card.x && drawn.x + drawn.width < card.x + card.width, `${width}: ${JSON.stringify([card, drawn])}`);
    assert.match(await page.locator(".calendar").innerText(), /Mon[^]*Wed[^]*Fri[^]*active days? since[^]*not seen[^]*active/);
    quiet();
    await page.context().close();
  }
});

for (const scripts of [true, false]) test(`a value is edited and that is undone, ${scripts ? "with" : "without"} scripts`, async () => {
  const { page, quiet } = await come("/customers/edit@example.com", { javaScriptEnabled: scripts });
  const values = card(page, "app");
  // By the keyboard: a pencil that is not seen has the focus like any link.
  await values.getByRole("link", { name: "Edit params.mrr" }).focus();
  await page.keyboard.press("Enter");
  await page.locator("form.edit").getByLabel("Value").fill("49");
  await page.getByRole("button", { name: "Save" }).click();
  const status = page.locator(".done");
  assert.match(await status.innerText(), /mrr\s*29 → 49/);
  assert.match(await values.innerText(), /mrr\s*49/);
  assert.match(await page.locator(".timeline").innerText(), /by owner@example.com\s+mrr\s*29 → 49/);
  await status.getByRole("button", { name: "Undo" }).click();
  await page.getByText(/49 → 29/).first().waitFor();
  assert.match(await values.innerText(), /mrr\s*29/);
  quiet();
});

test("the form of a short value comes to where that stands, and goes again", async () => {
  const { page, quiet } = await come("/customers/edit@example.com");
  const values = card(page, "app");
  await values.getByRole("link", { name: "Edit params.mrr" }).click();
  const form = values.locator("form.edit");
  await form.locator(":focus").waitFor(); // one types at once where the form has come
  assert.match(page.url(), /\/customers\/edit@example\.com$/);
  await page.keyboard.press("Escape");
  await form.waitFor({ state: "detached" });
  assert.match(await values.innerText(), /mrr\s*29/);
  await values.getByRole("link", { name: "Edit params.mrr" }).click();
  await form.getByLabel("Value").fill("31");
  await page.keyboard.press("Enter");
  await page.locator(".done").waitFor();
  assert.match(await page.locator(".done").innerText(), /mrr\s*29 → 31/);
  await page.locator(".done").getByRole("button", { name: "Undo" }).click();
  await page.getByText(/31 → 29/).first().waitFor();
  quiet();
});

test("what an app has changed meanwhile stands beside what was typed", async () => {
  const { page } = await come("/customers/edit@example.com");
  await card(page, "app").getByRole("link", { name: "Edit params.plan" }).click();
  await page.locator("form.edit").getByLabel("Value").waitFor();
  await server.identify(app, { email: "edit@example.com", params: { plan: "theirs" } });
  await page.locator("form.edit").getByLabel("Value").fill("mine");
  await page.getByRole("button", { name: "Save" }).click();
  assert.match(await page.getByRole("alert").innerText(), /Now\s+theirs\s+Yours\s+mine/);
  assert.equal(await page.getByLabel("Value").inputValue(), "mine");
  await page.getByRole("button", { name: "Save" }).click();
  assert.match(await page.locator(".done").innerText(), /plan\s*theirs → mine/);
});

test("a note is written, and a filter explained", async () => {
  const { page, quiet } = await come("/customers/edit@example.com");
  await page.getByLabel("A note").fill("Met in Lisbon\n<b>bold</b>");
  await page.getByRole("button", { name: "Add the note" }).click();
  const notes = page.getByRole("region", { name: "Notes" });
  assert.match(await notes.innerText(), /owner@example.com[^]*Met in Lisbon\n<b>bold<\/b>/);
  await page.getByRole("link", { name: "Explain a filter" }).click();
  await page.getByLabel("Filter").fill("seats = 2 and not status = paid");
  await page.getByRole("button", { name: "Explain" }).click();
  const row = (name) => page.getByRole("row", { name });
  assert.match(await row("params.seats = 2").innerText(), /true\s*2/);
  assert.match(await row('status = "paid"').innerText(), /false\s*free/);
  quiet();
});

test("a value is copied by its button", async () => {
  const { page, context, quiet } = await come("/customers/edit@example.com");
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy seats" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "2");
  await page.getByRole("button", { name: "Copy e-mail" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "edit@example.com");
  quiet();
});

for (const screen of SCREENS) test(`at ${screen.width} pixels nothing sticks out, and what opens is all there`, async () => {
  const { page, quiet } = await come("/customers", { viewport: screen });
  const id = async (who) => {
    await page.goto(`/customers/${who}`);
    return (await page.locator("a[href$='/merge']").getAttribute("href")).replace("/merge", "");
  };
  const [ada, bill] = [await id("ada@example.com"), await id("billing@ada.example")];
  for (const [path, opens] of [
    ["/customers?project=app", "Export"],
    ["/projects"],
    ["/projects/app", "Rotate"],
    ["/projects/app", "Manage"],
    ["/members"],
    ["/settings", /^Erase 1 customer/],
    [ada, "More"],
    [`${ada}/merge?other=billing@ada.example`],
    [`${ada}/edit?project=app&field=params.plan`],
    [`${ada}/move?email=new@example.com`],
    [`${ada}/why?filter=plan = pro and (seats > 3 or not status = paid)`],
    [`${ada}/json`],
    [`${bill}/correct?project=app&status_since=2023-11-01`],
  ]) {
    await page.goto(path);
    if (opens) {
      await page.locator("summary", { hasText: opens }).first().click();
      const box = await page.locator("details[open] > .card").boundingBox();
      const inside = box.x >= 0 && box.y >= 0 && box.x + box.width <= screen.width && box.y + box.height <= screen.height;
      assert.ok(inside, `${path}: ${JSON.stringify(box)}`);
    }
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0, path);
  }
  quiet();
});
