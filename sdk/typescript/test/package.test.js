// What is published: small, typed, and the same for both module systems.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

for (const format of ["esm", "cjs"]) {
  test(`the ${format} build is under 2 KB`, () => {
    const { size } = statSync(join(root, "dist", format, "index.js"));
    assert.ok(size > 0 && size < 2048, `${size} bytes`);
  });
}

test("nothing is needed at run time", () => {
  const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json")));
  assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
});

test("the types accept what the server accepts, and refuse what it refuses", () => {
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", join(root, "test/types")], { encoding: "utf8" });
});
