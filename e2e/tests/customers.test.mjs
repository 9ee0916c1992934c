// The customers: filter, narrow, sort, page, export, and one person.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

const PEOPLE = 120;
let server, browser, state;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  const [app, news] = [await server.project("app"), await server.project("news")];
  const pad = (i) => String(i).padStart(3, "0");
  await server.batch(
    app,
    Array.from({ length: PEOPLE }, (_, i) => ({
      type: "identify",
      email: `p${pad(i)}@example.com`,
      name: `Person ${pad(i)}`,
      status: i % 4 === 0 ? "paid" : "free",
      params: { plan: i % 4 === 0 ? "pro" : "free", mrr: i % 4 === 0 ? 19.9 : 0, seat: i, tags: i % 3 ? [] : ["vip"] },
    })),
  );
  await server.identify(app, { email: "ada@example.com", name: "Ada Lovelace", status: "trial", params: { plan: "free" } });
  await server.identify(app, { email: "ada@example.com", status: "paid", params: { plan: "pro", mrr: 29, company: { country: "UK" }, referral: null } });
  await server.identify(news, { email: "ada@example.com", params: { role: "editor" } });
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
const rows = (page) => page.locator("table.people tbody tr");
const metric = (page, name) => page.locator(".metrics > div", { hasText: name }).locator(".number").first();

test("a filter narrows, its English and its numbers are shown, and the URL holds it", async () => {
  const { page, quiet } = await come("/customers");
  assert.equal(await metric(page, "Customers").innerText(), String(PEOPLE + 1));
  await page.keyboard.press("/");
  await page.keyboard.type("plan = pro and mrr > 20");
  await page.keyboard.press("Enter");
  await page.getByText("1–1").or(rows(page)).first().waitFor();
  await page.waitForURL(/filter=plan/);
  await page.locator(".english").waitFor();
  assert.equal(await rows(page).count(), 1);
  assert.equal(await metric(page, "Customers").innerText(), "1");
  assert.equal(await metric(page, "MRR").innerText(), "29");
  await page.getByRole("link", { name: "ada@example.com" }).waitFor();
  await page.goBack();
  await page.getByText(`${PEOPLE + 1}`).first().waitFor();
  quiet();
});

test("words without an operator search e-mail and name", async () => {
  const { page, quiet } = await come("/customers?filter=lovelace");
  assert.equal(await rows(page).count(), 1);
  quiet();
});

test("an error stands under its words, and a candidate mends it", async () => {
  const { page, quiet } = await come("/customers?filter=" + encodeURIComponent("in project nwes"));
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.equal(await alert.locator("mark").innerText(), "nwes");
  assert.equal(await rows(page).count(), 0);
  await alert.getByRole("link", { name: "news" }).click();
  await page.getByRole("link", { name: "ada@example.com" }).waitFor();
  quiet();
});

test("a fix says the whole filter that it leads to", async () => {
  const { page, quiet } = await come("/customers?filter=" + encodeURIComponent("mrr over 20"));
  const alert = page.getByRole("alert");
  assert.equal(await alert.locator("strong").innerText(), "over is not an operator");
  assert.equal(await alert.locator("strong code").innerText(), "over");
  await alert.getByRole("link", { name: "mrr > 20", exact: true }).click();
  await page.getByRole("link", { name: "ada@example.com" }).waitFor();
  assert.equal(await page.locator("#filter").inputValue(), "mrr > 20");
  quiet();
});

test("nothing found says what may have been meant, and mends it", async () => {
  const { page, quiet } = await come("/customers?filter=" + encodeURIComponent("plna = pro"));
  await page.locator(".doubt").getByRole("link").click();
  await page.getByRole("link", { name: "p000@example.com" }).waitFor();
  quiet();
});

test("a value of the rail narrows in strict form, and the same click widens", async () => {
  const { page, quiet } = await come("/customers?project=app");
  const pro = page.locator(".rail .facet", { hasText: "plan" }).getByRole("link", { name: /^pro/ });
  await pro.click();
  await page.waitForURL(/filter=/);
  assert.equal(await page.locator("#filter").inputValue(), 'params.plan = "pro"');
  await page.locator(".rail a[aria-current]").waitFor();
  assert.equal(await metric(page, "Customers").innerText(), "31");
  await page.locator(".rail a[aria-current]", { hasText: "pro" }).click();
  await page.waitForURL((url) => !url.search.includes("filter"));
  assert.equal(await metric(page, "Customers").innerText(), String(PEOPLE + 1));
  quiet();
});

test("the rail goes sideways, leaves out by keyboard, and drops what is chosen", async () => {
  const { page, quiet } = await come("/customers?project=app&filter=" + encodeURIComponent("plan = pro"));
  const plan = page.locator(".rail .facet", { has: page.locator("summary code", { hasText: /^plan$/ }) });
  await plan.getByRole("link", { name: /^free/ }).click();
  await page.waitForURL(/free/);
  assert.equal(await page.locator("#filter").inputValue(), 'params.plan = "free"');
  await plan.locator("a[aria-current]", { hasText: "free" }).click();
  await page.waitForURL((url) => !url.search.includes("filter"));
  await plan.getByRole("link", { name: /^pro/ }).focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(/filter=/);
  assert.equal(await page.locator("#filter").inputValue(), 'params.plan != "pro"');
  assert.equal(await plan.locator("a[aria-current] s").innerText(), "pro");
  assert.equal(await metric(page, "Customers").innerText(), "90");
  quiet();
});

test("headers sort, pages follow, and no customer comes twice", async () => {
  const { page, quiet } = await come("/customers?project=app&filter=" + encodeURIComponent("email starts with p"));
  await page.getByRole("columnheader", { name: "Customer" }).getByRole("link").click();
  await page.locator('th[aria-sort="ascending"]').waitFor();
  const seen = [];
  for (;;) {
    seen.push(...(await rows(page).locator(".who").allInnerTexts()));
    const next = page.getByRole("link", { name: "Next page" });
    if (!(await next.count())) break;
    const first = await rows(page).first().innerText();
    await next.click();
    await page.waitForFunction((text) => document.querySelector("table.people tbody tr").innerText !== text, first);
  }
  assert.equal(seen.length, PEOPLE);
  assert.deepEqual(seen, [...new Set(seen)].sort());
  quiet();
});

test("columns are shown and hidden by a click", async () => {
  const { page, quiet } = await come("/customers?project=app");
  await page.getByText("Columns", { exact: true }).click();
  await page.locator(".menu-card").getByRole("link", { name: "seat", exact: true }).click();
  await page.waitForURL(/columns=/);
  const shown = (await page.locator("th").allInnerTexts()).includes("seat");
  await page.getByText("Columns", { exact: true }).click();
  await page.locator(".menu-card").getByRole("link", { name: "seat", exact: true }).click();
  await page.waitForFunction((was) => [...document.querySelectorAll("th")].some((th) => th.innerText === "seat") !== was, shown);
  quiet();
});

test("the export is exactly what is shown", async () => {
  const { page, quiet } = await come("/customers?project=app&filter=" + encodeURIComponent("plan = pro") + "&columns=params.plan,params.mrr&sort=-params.mrr");
  const people = await page.locator("td.who").allInnerTexts();
  await page.getByText("Export", { exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
  const file = await readFile(await download.path(), "utf8");
  assert.equal(file[0], "\ufeff");
  const lines = file.trim().split(/\r?\n/);
  assert.equal(lines[0], "email,name,status,params.plan,params.mrr,last_activity");
  assert.deepEqual(lines.slice(1).map((line) => line.split(",")[0]), people);
  assert.equal(people.length, 31);
  quiet();
});

test("a filter is saved as a segment, listed, used and deleted", async () => {
  const { page, quiet } = await come("/customers?filter=" + encodeURIComponent("plan = pro"));
  await page.getByText("Save as segment").click();
  await page.getByLabel("Name").fill("Pros");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Pros" }).waitFor();
  await page.getByRole("link", { name: "Show its customers" }).click();
  await page.waitForURL(/in%20segment/);
  assert.equal(await metric(page, "Customers").innerText(), "31");
  await page.goto("/segments");
  // The one that was saved, and those that were ready.
  for (let left = 5; left > 0; left--) {
    await page.locator(".segments h2 a").first().click();
    await page.getByText("Delete", { exact: true }).click();
    await page.getByRole("button", { name: "Delete this segment" }).click();
    await page.waitForURL("**/segments");
  }
  await page.getByText("No segment yet").waitFor();
  quiet();
});

test("one person: every project, typed params, the change before and after", async () => {
  const { page, quiet } = await come("/customers/ada@example.com");
  await page.getByRole("heading", { name: "ada@example.com" }).waitFor();
  assert.equal(await page.locator(".project-card").count(), 2);
  assert.equal(await page.locator(".tree .v-null").innerText(), "null");
  assert.equal(await page.locator(".tree .v-number").innerText(), "29");
  const change = page.locator(".timeline li li", { hasText: "plan" }).first();
  assert.match(await change.innerText(), /free\s*→\s*pro/);
  await page.getByTitle("Everybody with this value").getByText("pro").click();
  await page.waitForURL(/project=app&filter=/);
  assert.equal(await metric(page, "Customers").innerText(), "31");
  quiet();
});

test("a person is erased after a question", async () => {
  const { page, quiet } = await come("/customers/p119@example.com");
  await page.locator("summary", { hasText: "More" }).click();
  await page.getByText("Erase", { exact: true }).click();
  await page.getByRole("button", { name: "Erase this person" }).click();
  await page.waitForURL("**/customers");
  assert.equal(await metric(page, "Customers").innerText(), String(PEOPLE));
  quiet();
});

test("the box completes fields, operators and values from the keyboard", async () => {
  const { page, quiet } = await come("/customers?project=app");
  const options = page.getByRole("option");
  await page.keyboard.press("/");
  await page.keyboard.type("pl");
  // Of "p" there was a list too.
  await page.locator('[role="option"][data-to="2"]').filter({ hasText: "plan" }).first().waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.locator("#filter").inputValue(), "plan ");
  await options.filter({ hasText: "starts with" }).waitFor();
  const answered = page.waitForResponse((response) => /filter=plan\+%3D\+&/.test(response.url()));
  await page.keyboard.type("= ");
  await answered;
  await options.filter({ hasText: /^pro/ }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#filter").inputValue(), "plan = pro ");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.waitForURL(/filter=/);
  assert.equal(await metric(page, "Customers").innerText(), "31");
  quiet();
});

test("without scripts the filter, the rail, pages and exports still work", async () => {
  const { page, quiet } = await come("/customers?project=app", { javaScriptEnabled: false });
  await page.locator("#filter").fill("plan = free");
  await page.getByRole("button", { name: "Filter" }).click();
  assert.equal(await metric(page, "Customers").innerText(), "89");
  await page.getByRole("link", { name: "Next page" }).click();
  await page.getByRole("link", { name: "First page" }).waitFor();
  // While the index loads, the rail is a page further.
  const narrow = page.getByRole("link", { name: "Narrow by params" });
  if (await narrow.count()) await narrow.click();
  await page.locator(".rail .facet").first().waitFor();
  await page.getByText("Export", { exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "NDJSON" }).click()]);
  const lines = (await readFile(await download.path(), "utf8")).trim().split("\n");
  assert.equal(lines.length, 89);
  assert.equal(JSON.parse(lines[0]).params.plan, "free");
  quiet();
});

test("on a phone the first row is on the first screen, and the rail is a sheet that needs no scripts", async () => {
  const { page, quiet } = await come("/customers?project=app", { javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  const first = await rows(page).first().boundingBox();
  assert.ok(first.y + first.height < 844, `the first row ends at ${first.y + first.height}`);
  const free = page.locator(".rail .facet").getByRole("link", { name: /^free/ }).first();
  assert.equal(await free.isVisible(), false);
  await page.getByText("Narrow by", { exact: true }).click();
  await free.click();
  await page.waitForURL(/filter=/);
  quiet();
});

test("a page weighs less than 100 kB, and its files are kept", async () => {
  const cookie = state.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const weigh = async (path) => {
    const { request } = await import("node:http");
    const headers = { cookie, accept: "text/html", "accept-encoding": "gzip" };
    return new Promise((resolve, reject) => {
      request(server.url + path, { headers }, (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(parts) }));
      })
        .on("error", reject)
        .end();
    });
  };
  const page = await weigh("/customers");
  const html = gunzipSync(page.body).toString();
  const files = [...html.matchAll(/(?:href|src)="(\/static\/[^"#]+)/g)].map((match) => match[1]);
  assert.ok(["style.css", "frame.js", "customers.js"].every((name) => files.some((file) => file.endsWith(`/${name}`))), files);
  let weight = page.body.length;
  if (!html.includes('class="facet"')) weight += (await weigh("/customers/rail")).body.length;
  // What modules bring.
  const script = files.find((file) => file.endsWith("/customers.js"));
  files.push(...["filter_box.js", "rail.js", "live.js"].map((name) => script.replace("customers.js", name)));
  for (const file of new Set(files)) {
    const { headers, body } = await weigh(file);
    assert.match(headers["cache-control"], /immutable/, file);
    weight += body.length;
  }
  assert.ok(weight < 100_000, `${weight} bytes`);
});
