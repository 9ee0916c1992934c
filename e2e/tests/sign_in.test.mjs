// Signing in by link and by password, and what a stranger sees.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser;
before(async () => ([server, browser] = await Promise.all([start(), launch()])));
after(async () => (await browser?.close(), await server?.stop()));

test("a link signs in once, then a password does", async () => {
  const { page, context, quiet } = await visit(browser, server);
  // A scanner that only reads the link does not use it up.
  for (let i = 0; i < 3; i++) assert.equal((await fetch(server.link)).status, 200);
  await page.goto(server.link);
  await page.waitForURL("**/password");
  const session = (await context.cookies()).find((cookie) => cookie.name === "tinycrm");
  assert.ok(session.httpOnly && session.sameSite === "Lax", JSON.stringify(session));

  await page.getByLabel("Your e-mail").fill("founder@example.com"); // nobody has said yet who the owner is
  await page.getByLabel("New password").fill("correct horse battery");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/new-project"); // an empty account begins with a project
  const renewed = (await context.cookies()).find((cookie) => cookie.name === "tinycrm");
  assert.notEqual(renewed.value, session.value);

  await page.evaluate(() => sessionStorage.setItem("tinycrm:list", "/customers?filter=ada"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in");
  const list = await page.evaluate(() => sessionStorage.getItem("tinycrm:list"));
  assert.equal(list, null, "what was looked at is told to nobody who comes next");
  await page.getByLabel("E-mail").fill("founder@example.com");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/new-project");
  quiet();
});

test("a used link and a wrong password are refused, each with what to do", async () => {
  const { page } = await visit(browser, server);
  await page.goto(server.link);
  await page.getByText("was used already").waitFor();
  await page.goto("/sign-in");
  for (const email of ["founder@example.com", "nobody@example.com"]) {
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill("wrong wrong wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("do not belong together").waitFor();
    assert.equal(await page.getByLabel("E-mail").inputValue(), email);
  }
});

test("a stranger is sent to sign in, and comes back to where they wanted to go", async () => {
  const { page } = await visit(browser, server);
  await page.goto("/customers?filter=plan%20%3D%20pro");
  assert.match(page.url(), /\/sign-in\?next=/);
  await page.getByLabel("E-mail").fill("founder@example.com");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/customers?filter=plan%20%3D%20pro");
});

test("without scripts a link, a password and signing out are plain forms", async () => {
  await server.cli("member", "add", "plain@example.com", "--role", "admin");
  const { sign_in_link: link } = await server.cli("member", "link", "plain@example.com");
  const { page, quiet } = await visit(browser, server, { javaScriptEnabled: false });
  await page.goto(new URL(link).pathname);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("New password").fill("correct horse battery");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/new-project");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("E-mail").fill("plain@example.com");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/new-project");
  quiet();
});

test("light and dark are chosen by a button and kept", async () => {
  const { page, quiet } = await visit(browser, server, { colorScheme: "light" });
  await signInByPassword(page);
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.goto("/members");
  await page.getByRole("button", { name: /^Colours/ }).click();
  await page.waitForURL("**/members");
  assert.notEqual(await ground(), light);
  await page.goto("/projects");
  assert.notEqual(await ground(), light);
  quiet();
});

test("a viewer looks and changes nothing", async () => {
  await server.cli("member", "add", "viewer@example.com", "--role", "viewer");
  const { page, quiet } = await visit(browser, server);
  await signIn(server, page, "viewer@example.com");
  await page.goto("/projects");
  assert.equal(await page.getByRole("link", { name: "New project" }).count(), 0);
  await page.goto("/members");
  assert.equal(await page.getByRole("button", { name: "Add member" }).count(), 0);
  quiet();
  const refused = await page.request.post("/projects", { form: { name: "x" }, headers: { origin: server.url } });
  assert.equal(refused.status(), 403);
});

async function signInByPassword(page) {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill("founder@example.com");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/new-project");
}
