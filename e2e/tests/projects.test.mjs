// A new project's first screen, its keys, and test data.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser;
before(async () => ([server, browser] = await Promise.all([start(), launch()])));
after(async () => (await browser?.close(), await server?.stop()));

test("the call of a new project, pasted, turns the page into the table", async () => {
  const { page, quiet } = await visit(browser, server);
  await signIn(server, page);
  await page.goto("/");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("My app");
  await page.getByRole("button", { name: "Create project" }).click();
  const call = await page.locator("#call-curl").innerText();
  const key = call.match(/tcrm_proj_\w+/)[0];
  assert.ok(call.includes(`${server.url}/v1/identify`), call);
  await page.getByText("TypeScript").click();
  assert.ok((await page.locator("#call-sdk").innerText()).includes(key));
  assert.equal(await page.locator("#install-sdk").innerText(), `npm install ${server.url}/sdk/tinycrm-sdk.tgz`);
  await page.getByText("Python", { exact: true }).click();
  assert.ok((await page.locator("#call-python").innerText()).includes(key));
  const install = await page.locator("#install-python").innerText();
  assert.match(install, /^pip install \S+\/sdk\/tinycrm-[\d.]+-py3-none-any\.whl$/);
  assert.equal((await page.request.get(install.split(" ").at(-1))).status(), 200);
  assert.ok(!(await page.locator("#install-sdk").isVisible()));
  for (const [name, id] of [["Ruby", "ruby"], ["PHP", "php"], ["Go", "go"]]) {
    await page.getByText(name, { exact: true }).click();
    const text = await page.locator(`#call-${id}`).innerText();
    assert.ok(text.includes(key) && text.includes(`${server.url}/v1/identify`), text);
  }

  const body = call.slice(call.indexOf("'") + 1, call.lastIndexOf("'"));
  await server.identify(key, JSON.parse(body));
  await page.waitForURL("**/customers?project=my-app");
  await page.getByRole("link", { name: "ada@example.com" }).waitFor();
  quiet();
});

test("a key is shown once, works, and is revoked", async () => {
  const { page, quiet } = await visit(browser, server);
  await signIn(server, page);
  await page.goto("/projects/my-app");
  await page.getByLabel("publishable").check();
  await page.getByLabel("Label", { exact: true }).fill("landing page");
  await page.getByRole("button", { name: "Create key" }).click();
  const key = await page.locator("#made").innerText();
  assert.match(key, /^tcrm_pub_\w{36}$/);
  const row = page.getByRole("row", { name: /landing page/ });
  await row.getByText("never").waitFor();
  await page.reload();
  assert.equal(await page.locator("#made").count(), 0);
  assert.ok(!(await page.content()).includes(key));

  await row.getByText("Manage", { exact: true }).click();
  await row.getByRole("button", { name: "Revoke this key" }).click();
  await row.getByText("revoked").waitFor();
  quiet();
});

test("test projects are emptied and removed by a click, the others stay", async () => {
  const key = await server.project("sandbox", "--test");
  await server.identify(key, { email: "tester@example.com" });
  const { page, quiet } = await visit(browser, server);
  await signIn(server, page);
  await page.goto("/projects/sandbox");
  await page.getByText("Empty this project").click();
  await page.getByRole("button", { name: "Empty sandbox" }).click();
  await page.goto("/projects");
  await page.getByRole("link", { name: /sandbox.*0 customers/ }).waitFor();
  await page.getByText("Remove demo data").click();
  await page.getByRole("button", { name: "Remove 1 test project" }).click();
  await page.waitForURL("**/home");
  await page.goto("/projects");
  assert.equal(await page.getByText("sandbox").count(), 0);
  await page.getByRole("link", { name: /My app.*1 customer/ }).waitFor();
  quiet();
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with" : "without";
  const slug = `shelf-${how}`;

  test(`a key is rotated, ${how} scripts`, async () => {
    const old = await server.project(slug);
    const { page, quiet } = await visit(browser, server, { javaScriptEnabled });
    await signIn(server, page);
    await page.goto(`/projects/${slug}`);
    const row = page.getByRole("row", { name: /first key/ });
    await row.getByText("Rotate", { exact: true }).click();
    await row.getByLabel("1 day").check();
    await row.getByRole("button", { name: "Make the new key" }).click();
    const key = await page.locator("#made").innerText();
    assert.match(key, /^tcrm_proj_\w{36}$/);
    await page.getByText("stops in 24 h").waitFor();
    for (const each of [old, key]) await server.identify(each, { email: "ada@example.com" });
    await page.goto(`/projects/${slug}`);
    assert.ok(!(await page.content()).includes(key));
    quiet();
  });

  test(`a project is renamed, archived, comes back and is deleted, ${how} scripts`, async () => {
    const { page, quiet } = await visit(browser, server, { javaScriptEnabled });
    await signIn(server, page);
    await page.goto(`/projects/${slug}`);
    await page.getByRole("textbox", { name: "Name", exact: true }).fill(`On the shelf ${how}`);
    await page.locator('.colours label[data-colour="pink"]').click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("this name and colour from now on").waitFor();
    const side = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: new RegExp(`On the shelf ${how}`) });
    await side.waitFor();
    assert.equal(await side.locator('.dot[data-colour="pink"]').count(), 1);
    await page.getByRole("button", { name: /^Archive/ }).click();
    await page.getByText("This project is archived").waitFor();
    assert.equal(await side.count(), 0);
    await page.goto("/projects");
    await page.getByRole("heading", { name: "Archived" }).waitFor();
    await page.getByRole("link", { name: new RegExp(`On the shelf ${how}.*1 customer`) }).click();
    await page.getByRole("button", { name: "Unarchive" }).click();
    await page.getByText("its keys write again").waitFor();
    await page.getByLabel(`Write ${slug} to delete it`).fill(slug);
    await page.getByRole("button", { name: /^Delete/ }).click();
    await page.waitForURL("**/projects?saved=deleted");
    assert.equal(await page.getByText(`On the shelf ${how}`).count(), 0);
    quiet();
  });
}
