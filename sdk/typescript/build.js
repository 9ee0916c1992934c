// Builds dist: for each module system one minified file and its declarations.
import { execFileSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

process.chdir(import.meta.dirname);
rmSync("dist", { recursive: true, force: true });

execFileSync("node_modules/.bin/tsc", { stdio: "inherit" });
cpSync("dist/esm", "dist/cjs", { recursive: true });
writeFileSync("dist/cjs/package.json", '{ "type": "commonjs" }\n');

const entries = {
  esm: 'export { TinyCRM } from "./index.js";',
  // Written out because a generated CommonJS export costs a quarter of the size that is allowed.
  cjs: 'import { TinyCRM } from "./index.js"; exports.TinyCRM = TinyCRM;',
};

for (const [format, contents] of Object.entries(entries)) {
  await build({
    stdin: { contents, resolveDir: "src" },
    outfile: `dist/${format}/index.js`,
    bundle: true,
    minify: true,
    format,
    target: "es2022",
  });
}
