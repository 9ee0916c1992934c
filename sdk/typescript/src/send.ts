/** One call on the wire: its attempts, the pauses between them, and what an answer means. */
import { uuidv7 } from "./uuid.js";
import type { Result, TinyCRMError } from "./wire.js";

/** How calls travel. */
export interface Route {
  /** A project's secret key, `tcrm_proj_…`, or in browsers its publishable one, `tcrm_pub_…`. Without a key nothing is sent. */
  apiKey: string | undefined;
  /** Where the server is. Default: the environment's `TINYCRM_URL`, else `http://localhost:7878`. */
  baseUrl?: string | undefined;
  /** Milliseconds that one attempt may take. Default: 10,000. */
  timeout?: number | undefined;
  /** How often a call is tried again; 0 means never. Default: 3. */
  retries?: number | undefined;
  /** What to use instead of the global `fetch`. */
  fetch?: typeof fetch | undefined;
}

export const inBrowser = "window" in globalThis;

/**
 * Sends a call until it is answered, refused, or out of retries; if it must take effect `once`, under an idempotency
 * key. Rejects only if nothing could be sent, as when the call is no JSON.
 */
export async function send<T>(path: string, call: unknown, once: boolean | undefined, route: Route): Promise<Result<T>> {
  const { apiKey, baseUrl, timeout = 10_000, retries = 3, fetch: transport = fetch } = route;
  const base = baseUrl ?? (globalThis as any).process?.env?.TINYCRM_URL ?? "http://localhost:7878";
  const url = base.replace(/\/*$/, path);
  const headers = {
    authorization: `Bearer ${apiKey}`,
    "content-type": "application/json",
    ...(once && { "idempotency-key": uuidv7() }),
  };
  const body = JSON.stringify(call);
  // Lets a page be left right after the call. Browsers allow 64 KiB of such bodies in flight.
  const keepalive = inBrowser && body.length < 20_000;

  for (let retry = 0; ; retry++) {
    const signal = AbortSignal.timeout(timeout);
    const result: Result<T> = await transport(url, { method: "POST", headers, body, keepalive, signal })
      .then(async (response) => read(response, await response.text()))
      .catch((cause) => failure("unreachable", `${url}: ${cause.message}`, { cause, retry_after: 0 }));
    // Who is told to wait longer than half a minute gives up.
    if (result.ok || retry >= retries || !(result.error.retry_after! <= 30)) return result;
    const seconds = result.error.retry_after! + 2 ** retry * (0.25 + Math.random() / 4);
    await new Promise((resume) => setTimeout(resume, seconds * 1000));
  }
}

function read<T>({ ok, status, headers }: Response, text: string): Result<T> {
  const body = parse(text);
  if (ok && body) return { ...body, ok };
  const temporary = status === 429 || status >= 500 || body?.code === "idempotency_in_flight";
  return failure(`http_${status}`, body?.detail ?? `HTTP ${status}: ${text.slice(0, 200)}`, {
    status,
    ...body,
    ...(temporary && { retry_after: Number(headers.get("retry-after")) || 0 }),
  });
}

/** Nothing is an empty answer; what is no JSON is no answer of TinyCRM's. */
function parse(text: string): any {
  try {
    return JSON.parse(text || "{}");
  } catch {}
}

/** The result of a call that did not succeed. */
export function failure(code: string, message: string, details?: object): { ok: false; error: TinyCRMError } {
  return { ok: false, error: Object.assign(new Error(message), { name: "TinyCRMError", code }, details) };
}
