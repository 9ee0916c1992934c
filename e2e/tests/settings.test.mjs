// Settings. Who may sign in: roles that hold at once, sessions that end, a lost password that is replaced, and a member who
// leaves. Then the account: its keys, its time zone, how long history is kept.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

const GRACE = "grace-with-a-long-name@some-company.example.com";
let server, browser, state;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  await server.project("app");
  await server.cli("member", "add", GRACE, "--role", "viewer");
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  state = await context.storageState();
});
after(async () => (await browser?.close(), await server?.stop()));

const owner = async (options = {}) => {
  const visitor = await visit(browser, server, { storageState: state, ...options });
  await visitor.page.goto("/members");
  return visitor;
};
const manage = async (page, email) => {
  const row = page.getByRole("row").filter({ hasText: email });
  await row.getByText("Manage").click();
  return row;
};

test("a viewer is made an admin, is signed out, and is removed while a page is open", async () => {
  const grace = await visit(browser, server);
  await signIn(server, grace.page, GRACE);
  await grace.page.goto("/projects");
  assert.equal(await grace.page.getByRole("link", { name: "New project" }).count(), 0);

  const { page, quiet } = await owner();
  let row = await manage(page, GRACE);
  await row.getByRole("combobox").selectOption("admin");
  await row.getByRole("button", { name: "Change role" }).click();
  await page.getByRole("row").filter({ hasText: GRACE }).getByRole("cell", { name: "admin", exact: true }).waitFor();
  await grace.page.reload();
  await grace.page.getByRole("link", { name: "New project" }).first().waitFor();

  row = await manage(page, GRACE);
  await row.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.waitForURL("**/members?saved=signed-out");
  await grace.page.goto("/projects");
  assert.match(grace.page.url(), /\/sign-in\?next=%2Fprojects/);

  await signIn(server, grace.page, GRACE);
  await grace.page.goto("/customers");
  row = await manage(page, GRACE);
  await row.getByRole("button", { name: "Remove this member" }).click();
  await page.getByRole("row").filter({ hasText: GRACE }).waitFor({ state: "detached" });
  // htmx asks for parts of a page; whoever is out gets the whole sign-in page instead.
  await grace.page.locator("#filter").fill("plan = pro");
  await grace.page.keyboard.press("Enter");
  await grace.page.waitForURL(/\/sign-in\?next=/);
  quiet();
});

test("the last owner is told that they stay one", async () => {
  const { page } = await owner();
  const row = await manage(page, "owner@example.com");
  await row.getByRole("combobox").selectOption("viewer");
  await row.getByRole("button", { name: "Change role" }).click();
  await page.getByText("The last owner of an account stays its owner.").waitFor();
});

test("a lost password is replaced after a link, and everybody signs themselves out everywhere", async () => {
  await server.cli("member", "add", "bob@example.com", "--role", "viewer");
  const { page, quiet } = await visit(browser, server);
  const choose = async (password) => {
    await page.getByLabel("New password").fill(password);
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL((url) => url.pathname !== "/password");
  };
  await signIn(server, page, "bob@example.com");
  await choose("a password that is lost");
  await page.context().clearCookies();
  await signIn(server, page, "bob@example.com");
  await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  assert.equal(await page.getByLabel("Present password").count(), 0);
  await choose("correct horse battery");
  await page.goto("/sessions");
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.waitForURL("**/sign-in");
  await page.getByLabel("E-mail").fill("bob@example.com");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
  quiet();
});

test("nothing sticks out, on small and large screens, in light and dark", async () => {
  await server.cli("member", "add", "somebody-else-with-a-long-name@some-company.example.com", "--role", "admin");
  for (const width of [390, 700, 1440]) {
    for (const colorScheme of ["light", "dark"]) {
      const { page, quiet } = await owner({ viewport: { width, height: 860 }, colorScheme });
      await manage(page, "somebody-else-with-a-long-name");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${width}: ${wide} too wide`);
      const inside = await page.locator("details[open] .card").evaluate((card) => {
        const [out, parts] = [card.getBoundingClientRect(), [...card.querySelectorAll("form, p, button, select")].map((part) => part.getBoundingClientRect())];
        return out.left >= 0 && out.right <= innerWidth && parts.every((part) => part.left >= out.left && part.right <= out.right);
      });
      assert.ok(inside, `${width}: something sticks out of the card`);
      quiet();
      await page.context().close();
    }
  }
});

test("an account key and a member's link are shown once", async () => {
  const { page, quiet } = await visit(browser, server);
  await signIn(server, page);
  await page.goto("/keys");
  await page.getByRole("button", { name: "Create account key" }).click();
  assert.match(await page.locator("#made").innerText(), /^tcrm_acct_\w{36}$/);
  await page.goto("/members");
  await page.getByLabel("E-mail", { exact: true }).fill("grace@example.com");
  await page.getByRole("button", { name: "Add member" }).click();
  const link = await page.locator("#made").innerText();
  quiet();
  const guest = await visit(browser, server);
  await guest.page.goto(link);
  await guest.page.waitForURL("**/password");
  await guest.page.getByText("grace@example.com").or(guest.page.locator("[value='grace@example.com']")).first().waitFor();
  guest.quiet();
});

test("the time zone is set, and nonsense is refused", async () => {
  const { page } = await visit(browser, server);
  await signIn(server, page);
  await page.goto("/settings");
  const save = page.locator('form[action="/settings/zone"]').getByRole("button", { name: "Save" });
  await page.getByLabel("Time zone").fill("Europe/Berlin");
  await save.click();
  await page.waitForURL("**/settings?saved=zone");
  assert.equal(await page.getByLabel("Time zone").inputValue(), "Europe/Berlin");
  await page.getByLabel("Time zone").fill("Europe/Atlantis");
  await save.click();
  await page.getByText("There is no time zone").waitFor();
  await page.goto("/settings");
  await page.getByLabel("Time zone").fill("Berlin");
  await save.click();
  await page.getByText("Did you mean Europe/Berlin?").waitFor();
});

test("it is said how long history is kept", async () => {
  const { page, quiet } = await visit(browser, server);
  await signIn(server, page);
  await page.goto("/settings");
  const months = page.getByLabel("Months of history");
  assert.equal(await months.inputValue(), "24");
  await months.fill("0");
  await page.locator('form[action="/settings/history"]').getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/settings?saved=history");
  assert.equal(await months.inputValue(), "0");
  await page.getByText("Nothing has been pruned.").waitFor();
  quiet();
});

for (const javaScriptEnabled of [true, false]) {
  test(`sessions are listed and ended, ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
    const email = `sam-${javaScriptEnabled}@example.com`;
    await server.cli("member", "add", email, "--role", "viewer");
    const enter = async () => {
      const visitor = await visit(browser, server, { javaScriptEnabled });
      await signIn(server, visitor.page, email);
      return visitor;
    };
    const [lost, other, here] = [await enter(), await enter(), await enter()];
    await here.page.goto("/sessions");
    const rows = here.page.getByRole("table", { name: "Your sessions" }).getByRole("row");
    assert.equal(await rows.count(), 4);
    await rows.nth(1).getByText("this one").waitFor();
    await rows.nth(1).getByText("Chrome on Linux").waitFor();
    await rows.nth(3).getByRole("button", { name: /^End the session since/ }).click();
    await here.page.getByText("Ended: that browser has to sign in again.").waitFor();
    assert.equal(await rows.count(), 3);
    await here.page.getByRole("button", { name: "End all others" }).click();
    await here.page.getByText("you are signed in here alone").waitFor();
    assert.equal(await rows.count(), 2);
    for (const { page } of [lost, other]) {
      await page.goto("/projects");
      assert.match(page.url(), /\/sign-in/);
    }
    await rows.nth(1).getByRole("button").click();
    await here.page.waitForURL("**/sign-in");
    here.quiet();
  });
}

test("a key that is made by a double click is made once", async () => {
  const { page, quiet } = await owner();
  await page.goto("/keys");
  const form = page.locator("form", { has: page.getByRole("button", { name: "Create account key" }) });
  await form.getByLabel("Label").fill("twice");
  let sent = 0;
  page.on("request", (request) => (sent += request.method() === "POST" ? 1 : 0));
  const made = page.waitForResponse((response) => response.request().method() === "POST");
  await form.getByRole("button", { name: "Create account key" }).dblclick();
  await made;
  // Time for the second one, which must not be sent.
  await page.waitForTimeout(500);
  await page.goto("/keys");
  assert.equal(sent, 1);
  assert.equal((await page.locator("main").innerHTML()).split("<tr").filter((row) => row.includes("twice")).length, 1);
  quiet();
});
