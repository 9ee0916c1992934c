// The SDK as the server itself serves it, installed by npm by the line that the server says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { query, startTinyCRM } from "./tinycrm.js";

const run = promisify(execFile);

let tinycrm;
before(async () => {
  tinycrm = await startTinyCRM();
});
after(() => tinycrm?.stop());

const programs = {
  "esm.mjs": 'import { TinyCRM } from "tinycrm-sdk"; say(new TinyCRM(process.env.KEY), "esm@example.com");',
  "cjs.cjs": 'const { TinyCRM } = require("tinycrm-sdk"); say(new TinyCRM(process.env.KEY), "cjs@example.com");',
};

const SAY = `
async function say(crm, email) {
  const result = await crm.identify({ email, status: "paid" });
  if (!result.ok) throw result.error;
}`;

test("npm installs it, and what is installed calls", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tinycrm-install-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "package.json"), '{ "private": true }');

  const guide = await (await fetch(`${tinycrm.url}/llms.txt`)).text();
  const [line] = guide.match(/npm install [^`]+/);
  assert.equal(line, `npm install ${tinycrm.url}/sdk/tinycrm-sdk.tgz`);
  await run("npm", [...line.split(" ").slice(1), "--no-audit", "--no-fund"], { cwd: folder });

  const { key } = await tinycrm.command("project", "create", "installed");
  for (const [name, program] of Object.entries(programs)) {
    writeFileSync(join(folder, name), program + SAY);
    await run(process.execPath, [name], { cwd: folder, env: { PATH: process.env.PATH, KEY: key, TINYCRM_URL: tinycrm.url } });
  }
  const { count } = await query(tinycrm.url, key, { filter: "status = paid", select: ["count"] });
  assert.equal(count, 2);
});
