// What a newcomer wants to know, each in at most three clicks or one typed line from the first page, with scripts and without.
// Who left, trials as a file and the import have tests of their own (home, imports).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser, state;
const DAY = 86_400_000;
const ago = (days) => new Date(Date.now() - days * DAY).toISOString();
const date = (at) => new Date(at).toISOString().slice(0, 10);
/** The first of last month, and the day after. */
const first = (() => {
  const now = new Date();
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1);
})();

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  const app = await server.project("app");
  const calls = Array.from({ length: 60 }, (_, i) => {
    const [email, source, beta] = [`p${i}@example.com`, i % 2 ? "producthunt" : "google", i % 3 === 0];
    const params = { plan: i % 4 ? "pro" : "free", mrr: i % 4 ? 10 : 0, source, beta, referral_code: `c-${i}` };
    if (i > 40) params.referred_by = `c-${i % 4}`;
    const came = 90 - i;
    const call = (status, days) => ({ type: "identify", email, status, params, timestamp: ago(days) });
    // Of those in the beta hardly anybody leaves.
    const left = (beta ? i % 30 === 0 : i % 3 === 1) ? [call("churned", came / 2)] : [];
    return [call(i % 4 ? "paid" : "free", came), ...left];
  });
  const all = calls.flat();
  for (let i = 0; i < all.length; i += 50) await server.batch(app, all.slice(i, i + 50));
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  for (let i = 0; i < 40; i++) {
    await page.goto("/insights/retention");
    if (await page.locator("table.heat").count()) break;
    await page.waitForTimeout(250);
  }
  state = await context.storageState();
});
after(async () => (await browser?.close(), await server?.stop()));

for (const javaScriptEnabled of [true, false]) {
  const task = (name, most, run) =>
    test(`${name}, ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
      const { page, quiet } = await visit(browser, server, { storageState: state, javaScriptEnabled });
      await page.goto("/");
      let clicks = 0;
      const click = async (locator) => (clicks++, await locator.click());
      await run(page, click);
      assert.ok(clicks <= most, `${clicks} clicks`);
      quiet();
    });
  const link = (page, name) => page.getByRole("link", { name, exact: true }).first();
  const card = (page, name) => page.locator(".metrics > div", { hasText: name });

  task("pros from ProductHunt and their MRR: one typed line", 1, async (page, click) => {
    await click(link(page, "Customers"));
    const box = page.getByLabel("Filter", { exact: true });
    await box.fill("plan = pro and source = producthunt");
    if (javaScriptEnabled) await box.press("Enter");
    else await page.locator("form.filter button").first().click();
    await page.waitForURL(/filter=plan/);
    const mrr = card(page, "MRR").first();
    assert.match(await card(page, "Customers").first().innerText(), /\b30\b/);
    assert.match(await mrr.innerText(), /\d+/);
  });

  task("retention of ProductHunt against Google", 3, async (page, click) => {
    await click(link(page, "Insights"));
    await page.getByLabel("Tell apart by").selectOption("params.source");
    await click(page.getByRole("button", { name: "Show" }));
    await page.waitForURL(/by=params.source/);
    const told = page.locator(".told");
    for (const name of ["producthunt", "google"]) await told.locator("th", { hasText: name }).first().waitFor();
  });

  task("the top referrers", 2, async (page, click) => {
    await click(link(page, "Insights"));
    await click(link(page, "Referrals"));
    const row = page.locator("tbody tr").first();
    await row.getByRole("link", { name: /^p[0-3]@example\.com$/ }).waitFor();
  });

  task("does beta go with staying", 3, async (page, click) => {
    await click(link(page, "Insights"));
    await click(link(page, "What goes with staying"));
    await page.getByLabel("What may go with it").fill("beta");
    await click(page.getByRole("button", { name: "Show" }));
    await page.waitForURL(/beta/);
    await page.locator(".finding", { hasText: "beta" }).waitFor();
    await page.getByText("Association, not cause.").waitFor();
  });

  task("what my MRR did last month, and why", 2, async (page, click) => {
    await click(link(page, "Insights"));
    await click(link(page, "Revenue"));
    const table = page.locator("table.sums").first();
    for (const why of ["New", "Churned"]) await table.getByText(why, { exact: true }).waitFor();
  });

  task("the dashboard as it was on the first of last month", 3, async (page, click) => {
    await click(link(page, "Customers"));
    await click(page.locator("summary", { hasText: "Today" }));
    await page.locator("input[name=as_of]").fill(date(first));
    await click(page.locator("form", { has: page.locator("input[name=as_of]") }).getByRole("button", { name: "Show" }));
    await page.waitForURL(/as_of=/);
    await page.getByText("Everything here is as it was at the end of").waitFor();
    const came = Array.from({ length: 60 }, (_, i) => Date.now() - (90 - i) * DAY).filter((at) => at < first + DAY).length;
    assert.match(await card(page, "Customers").first().innerText(), new RegExp(`\\b${came}\\b`));
  });
}
