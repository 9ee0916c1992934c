// A real `tinycrm serve` on a data directory of its own, and the verbs to fill it.

import { execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const BINARY = process.env.TINYCRM_BIN ?? new URL("../../target/debug/tinycrm", import.meta.url).pathname;

/** Starts a server; `await server.stop()` ends it and removes its data. */
export async function start() {
  const folder = await mkdtemp(join(tmpdir(), "tinycrm-e2e-"));
  await chmod(folder, 0o755); // as root, Postgres runs as another user and must get in
  const data = join(folder, "data");
  const child = spawn(BINARY, ["serve", "--listen", "127.0.0.1:0", "--data-dir", data], {
    env: { ...process.env, DATABASE_URL: undefined, RUST_LOG: "warn" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const link = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (part) => {
      text += part;
      const found = text.match(/https?:\/\/\S+\/sign-in\/\S+/);
      if (found) resolve(found[0]);
    });
    child.on("exit", (code) => reject(new Error(`tinycrm serve ended with ${code}:\n${text}`)));
  });
  const url = new URL(link).origin;

  /** Runs a command of the program on the same data. */
  const cli = async (...args) => JSON.parse((await run(BINARY, [...args, "--data-dir", data, "--json"])).stdout);

  /** Sends a call with a project's key; it must succeed. */
  const post = async (key, path, body) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };

  const stop = async () => {
    const ended = new Promise((resolve) => child.on("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };

  return {
    url,
    link,
    cli,
    stop,
    /** Makes a project; its secret key. */
    project: async (slug, ...more) => (await cli("project", "create", slug, ...more)).key,
    identify: (key, body) => post(key, "/v1/identify", body),
    batch: (key, items) => post(key, "/v1/batch", { items }),
  };
}
