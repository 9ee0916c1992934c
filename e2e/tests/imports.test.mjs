// A file of people becomes customers: looked at, read as it is meant, and brought in.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser;
before(async () => ([server, browser] = await Promise.all([start(), launch()])));
after(async () => (await browser?.close(), await server?.stop()));

const rows = (name) => `Email,Full Name,MRR
${name}-1@example.com,Ada,$29.00
nobody,Bob,$1.00
${name}-2@example.com,Grace,$9.50
`;

for (const javaScriptEnabled of [true, false]) {
  const way = javaScriptEnabled ? "with scripts" : "without scripts";
  test(`a file is looked at, read as money and brought in, ${way}`, async () => {
    const slug = javaScriptEnabled ? "with" : "without";
    await server.project(slug);
    const { page, quiet } = await visit(browser, server, { javaScriptEnabled });
    await signIn(server, page);
    await page.goto(`/imports?project=${slug}`);
    const file = { name: "users.csv", mimeType: "text/csv", buffer: Buffer.from(rows(slug)) };
    await page.locator("input[type=file]").setInputFiles(file);
    await page.getByRole("button", { name: "Look at it" }).click();
    await page.getByRole("heading", { name: "users.csv" }).waitFor();
    await page.getByRole("button", { name: "Full Name=name" }).click();
    await page.getByRole("button", { name: "MRR=money" }).click();
    if (!javaScriptEnabled) await page.getByRole("link", { name: "Count it" }).click();
    await page.getByText("2 new").waitFor();
    await page.getByText("is not an e-mail address").waitFor();
    await page.getByRole("button", { name: /^Import it into/ }).click();
    await page.waitForURL(/\/imports\/[0-9a-f-]{36}$/);
    const done = page.getByText("All 3 rows were read.");
    if (!javaScriptEnabled) {
      const again = page.getByRole("link", { name: "Look again" });
      for (await again.or(done).waitFor(); await again.count(); await again.or(done).waitFor()) await again.click();
    }
    await done.waitFor();

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download 1 row" }).click(),
    ]);
    assert.equal(download.suggestedFilename(), "rejected.csv");
    await page.getByRole("link", { name: /^To the customers/ }).click();
    await page.getByRole("link", { name: `${slug}-1@example.com` }).waitFor();
    await page.getByRole("cell", { name: "29.00" }).first().waitFor();
    quiet();
  });
}
