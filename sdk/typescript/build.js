// Builds dist, or the folder that is named: for each module system one minified file and its declarations.
import { execFileSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const out = resolve(process.argv[2] ?? "dist");
process.chdir(dirname(fileURLToPath(import.meta.url)));
rmSync(out, { recursive: true, force: true });

execFileSync("node_modules/.bin/tsc", ["--outDir", join(out, "esm")], { stdio: "inherit" });
cpSync(join(out, "esm"), join(out, "cjs"), { recursive: true });
writeFileSync(join(out, "cjs/package.json"), '{ "type": "commonjs" }\n');

const entries = {
  esm: 'export { TinyCRM } from "./index.js";',
  // Written out because a generated CommonJS export costs a quarter of a kilobyte.
  cjs: 'import { TinyCRM } from "./index.js"; exports.TinyCRM = TinyCRM;',
};

for (const [format, contents] of Object.entries(entries)) {
  await build({
    stdin: { contents, resolveDir: "src" },
    outfile: join(out, format, "index.js"),
    bundle: true,
    minify: true,
    format,
    target: "es2020", // Safari 14
  });
}
