// What is published: small, typed, the same for both module systems, and what the sources say.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const root = join(import.meta.dirname, "../..");

/** The most bytes that either build may have on the wire. */
const MOST = 2048;

for (const format of ["esm", "cjs"]) {
  test(`the ${format} build is at most 2 KB on the wire`, (t) => {
    const minified = readFileSync(join(root, "dist", format, "index.js"));
    const { length } = gzipSync(minified, { level: 9 });
    t.diagnostic(`${format}: ${minified.length} bytes minified, ${length} compressed`);
    assert.ok(minified.length > 0 && length <= MOST, `${length} bytes`);
  });
}

test("dist is what the sources give: npm run build", (t) => {
  const fresh = mkdtempSync(join(tmpdir(), "tinycrm-sdk-"));
  t.after(() => rmSync(fresh, { recursive: true }));
  execFileSync(process.execPath, [join(root, "build.js"), fresh]);
  const files = (folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, path = parentPath, name }) => join(path, name))
      .map((path) => [path.slice(folder.length), readFileSync(path, "utf8")])
      .sort();
  assert.deepEqual(files(join(root, "dist")), files(fresh));
});

test("nothing is needed at run time", () => {
  const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json")));
  assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
});

test("the types accept what the server accepts, and refuse what it refuses", () => {
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", join(root, "test/types")], { encoding: "utf8" });
});
