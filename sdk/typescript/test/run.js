// Runs programs that have the SDK in a process of their own.
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const cwd = dirname(fileURLToPath(import.meta.url));

/** Runs a program after `before`, which is there before the SDK is; resolves to its exit code, output and time. */
export function run(program, before = "") {
  const began = Date.now();
  const source = `${before}\nconst { TinyCRM } = await import("tinycrm-sdk");\n${program}`;
  const options = { cwd, env: { PATH: process.env.PATH } };
  return new Promise((resolve) => {
    execFile(process.execPath, ["--input-type=module", "-e", source], options, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr, ms: Date.now() - began }));
  });
}
