// What people with other eyes and other hands need: contrast of WCAG AA in light and dark, names for everything, one title.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser, state;
before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  const [app, demo] = [await server.project("app"), await server.project("demo", "--test")];
  const params = { plan: "pro", mrr: 29, beta: true, referral: null, day: "2026-03-29", tags: ["vip"], company: { country: "UK" } };
  for (const [i, status] of ["free", "trial", "paid", "churned"].entries()) {
    await server.identify(app, { email: `p${i}@example.com`, name: "Ada", status: "free", params: { plan: "free" } });
    await server.identify(app, { email: `p${i}@example.com`, status, params });
    await server.identify(demo, { email: `p${i}@example.com`, status, params });
  }
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  state = await context.storageState();
});
after(async () => (await browser?.close(), await server?.stop()));

const PAGES = [
  "/sign-in",
  "/password",
  "/customers",
  "/customers?project=demo",
  "/customers?filter=" + encodeURIComponent('params.plan = "pro" and params.mrr >= 20'),
  "/customers?filter=" + encodeURIComponent("in project nowhere"),
  "/customers?filter=" + encodeURIComponent("plna = pro"),
  "/customers/p2@example.com",
  "/acts",
  "/segments",
  "/segments/won-back",
  "/home",
  "/changes?period=last%2030%20days",
  "/projects",
  "/projects/app",
  "/projects/app/start",
  "/new-project",
  "/keys",
  "/members",
  "/sessions",
  "/settings",
  "/nowhere",
];

for (const colorScheme of ["light", "dark"]) {
  test(`every text can be read in ${colorScheme}`, async () => {
    const { page } = await visit(browser, server, { storageState: state, colorScheme, reducedMotion: "reduce" });
    const dim = [];
    for (const path of PAGES) {
      await open(page, path);
      dim.push(...(await page.evaluate(dimTexts)).map((text) => `${path}: ${text}`));
    }
    assert.deepEqual(dim, []);
  });
}

test("everything has a name, and every page one title", async () => {
  const { page } = await visit(browser, server, { storageState: state });
  const nameless = [];
  for (const path of PAGES) {
    await open(page, path);
    assert.equal(await page.locator("h1").count(), 1, path);
    assert.match(await page.title(), /TinyCRM/, path);
    nameless.push(...(await page.evaluate(namelessParts)).map((part) => `${path}: ${part}`));
  }
  assert.deepEqual(nameless, []);
});

test("a narrow screen never scrolls sideways", async () => {
  const { page } = await visit(browser, server, { storageState: state, viewport: { width: 390, height: 844 } });
  for (const path of PAGES) {
    await open(page, path);
    const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width <= room, `${path}: ${width} > ${room}`);
  }
});

async function open(page, path) {
  await page.goto(path);
  await page.locator(".bone").first().waitFor({ state: "detached" });
}

/** Runs in the page: texts whose contrast with the colours under them is below 4.5, or 3 where they are large. */
function dimTexts() {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const ground = (element) => {
    const own = rgba(getComputedStyle(element).backgroundColor);
    if (own[3] === 1) return own;
    return over(own, element.parentElement ? ground(element.parentElement) : [255, 255, 255, 1]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility({ visibilityProperty: true }) || element.closest(".hidden, .skip, title")) continue;
    const style = getComputedStyle(element);
    if (style.color === "rgba(0, 0, 0, 0)") continue; // the field, whose text the ink shows
    const under = ground(element);
    const [a, b] = [light(over(rgba(style.color), under)), light(under)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (contrast < (large ? 3 : 4.5)) found.push(`${contrast.toFixed(2)} ${element.className || element.tagName} "${text.slice(0, 30)}"`);
  }
  return found;
}

/** Runs in the page: links, buttons and fields without a name. */
function namelessParts() {
  const named = (element) =>
    element.getAttribute("aria-label") || element.innerText?.trim() || element.labels?.length || element.title;
  const parts = document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])");
  return [...parts].filter((element) => element.checkVisibility() && !named(element)).map((element) => element.outerHTML.slice(0, 120));
}
