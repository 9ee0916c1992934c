// A real TinyCRM server for tests, with a database of its own that is thrown away.
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Starts `tinycrm serve` and resolves to it once it is ready. */
export async function startTinyCRM() {
  const bin = process.env.TINYCRM_BIN;
  if (!bin) throw new Error("These tests need a server: run `make test`, or set TINYCRM_BIN to the tinycrm binary.");

  // Not made here: the server must be able to give it to the postgres user.
  const dataDir = join(tmpdir(), `tinycrm-${randomUUID().slice(0, 8)}`);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn(bin, ["serve", "--data-dir", dataDir, "--listen", `127.0.0.1:${port}`], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (chunk) => (output += chunk));

  const tinycrm = {
    url,
    /** Runs a command of the command line on this server's data and resolves to what it printed as JSON. */
    async command(...args) {
      const { stdout } = await run(bin, [...args, "--json", "--data-dir", dataDir]);
      return JSON.parse(stdout);
    },
    async stop() {
      if (server.exitCode === null && server.kill()) await once(server, "exit");
      rmSync(dataDir, { recursive: true, force: true });
    },
  };

  for (const deadline = Date.now() + 60_000; ; await new Promise((resume) => setTimeout(resume, 50))) {
    const ready = await fetch(`${url}/readyz`).catch(() => undefined);
    if (ready?.ok) return tinycrm;
    if (server.exitCode !== null || Date.now() > deadline) {
      await tinycrm.stop();
      throw new Error(`tinycrm serve is not ready. It said:\n${output}`);
    }
  }
}

/** Resolves to the answer to a query under a key. */
export async function query(url, key, question) {
  const response = await fetch(`${url}/v1/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(question),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
