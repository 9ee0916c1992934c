// A real Chromium that keeps account of everything a page must not do.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the browser. */
export function launch() {
  const executablePath = process.env.CHROMIUM ?? PROGRAMS.find(existsSync);
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A fresh visitor: a page, the faults that were seen, and what was loaded. `quiet()` demands that there were no faults. */
export async function visit(browser, server, options = {}) {
  const context = await browser.newContext({ baseURL: server.url, viewport: { width: 1440, height: 900 }, ...options });
  const faults = [];
  await context.exposeBinding("reportFault", (_, what) => faults.push(what));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      window.reportFault(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
    // What a payload would call.
    window.pwned = (what) => window.reportFault(`executed: ${what}`);
    window.alert = window.prompt = window.confirm = window.pwned;
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => (faults.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  return { page, context, faults, quiet: () => assert.deepEqual(faults, []) };
}

/** Signs in by a fresh link; ends on the page that offers to choose a password. */
export async function signIn(server, page, email = "owner@example.com") {
  const { sign_in_link: link } = await server.cli("member", "link", email);
  await page.goto(new URL(link).pathname);
  await page.getByRole("button", { name: "Continue" }).click({ timeout: 3_000 }).catch(() => {}); // scripts were faster
  await page.waitForURL("**/password");
}
