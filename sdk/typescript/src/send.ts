/** One call on the wire: its attempts, the pauses between them, and what an answer means. */
import { wrongUrl } from "./check.js";
import { uuidv7 } from "./uuid.js";
import type { Result, TinyCRMError } from "./wire.js";

/** How calls travel. */
export interface Route {
  /**
   * A project's secret key, `tcrm_proj_…`, or in browsers its publishable one, `tcrm_pub_…`. Default: the environment's
   * `TINYCRM_API_KEY`. Without a key nothing is sent.
   */
  apiKey?: string | undefined;
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

/** The environment, where there is one. */
export const env: any = (globalThis as any).process?.env || {};

/** Sends a body until it is answered, refused, or out of retries; if it must take effect `once`, under an idempotency key. */
export async function send<T>(path: string, body: string, once: boolean | undefined, route: Route): Promise<Result<T>> {
  const { apiKey, baseUrl, timeout = 10_000, retries = 3, fetch: transport = fetch } = route;
  const base = String(baseUrl || env.TINYCRM_URL || "http://localhost:7878");
  const fault = wrongUrl(base);
  if (fault) return failure("invalid_url", fault);

  const url = base.replace(/(\/v1)?\/*$/, path);
  const request: RequestInit = {
    method: "POST",
    headers: {
      authorization: `Bearer ${apiKey}`,
      "content-type": "application/json",
      ...(once && { "idempotency-key": uuidv7() }),
    },
    body,
    // Lets a page be left right after the call. Browsers allow 64 KiB of such bodies in flight.
    keepalive: inBrowser && body.length < 20_000,
    // Followed, a POST becomes a GET, or loses its key.
    redirect: "manual",
    ...uncached(),
  };

  for (let retry = 0; ; retry++) {
    const result = await within<Result<T>>(timeout, async (signal) => {
      const response = await transport(url, { ...request, ...signal });
      return read(response, await response.text(), url, path);
    }).catch((cause) => failure("unreachable", `${url}: ${cause.message}`, { cause, retry_after: 0 }));
    // Who is told to wait longer than half a minute gives up.
    if (result.ok || retry >= retries || !(result.error.retry_after! <= 30)) return result;
    const pause = result.error.retry_after! + (2 ** retry * (1 + Math.random())) / 4;
    await new Promise((resume) => setTimeout(resume, pause * 1000));
  }
}

/** Next.js keeps answers, of POST too, unless told. Cloudflare's workers of before 2025 throw at the word. */
function uncached(): RequestInit {
  const option: RequestInit = { cache: "no-store" };
  try {
    new Request("http://a", option);
    return option;
  } catch {
    return {};
  }
}

/** Gives up after so many milliseconds, also where nothing can be aborted. */
function within<T>(ms: number, work: (signal: { signal?: AbortSignal }) => Promise<T>): Promise<T> {
  const abort = globalThis.AbortController && new AbortController();
  let timer: any;
  const late = new Promise<never>((_, reject) => {
    // No timer can wait longer; it would take more for nothing.
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${ms} ms`));
      abort?.abort();
    }, Math.min(ms, 2 ** 31 - 1));
  });
  return Promise.race([work(abort ? { signal: abort.signal } : {}), late]).finally(() => clearTimeout(timer));
}

function read<T>(response: Response, text: string, url: string, path: string): Result<T> {
  const { ok, status, headers, type, redirected } = response;
  const body = parse(text);
  if (ok && body) return { ...body, ok };
  // React Native has followed it already.
  if (/^3/.test(`${status}`) || type === "opaqueredirect" || redirected) {
    return failure("redirected", `${url} redirects ${advice(headers.get("location") ?? response.url, url, path)}`, { status });
  }
  const temporary = status === 429 || status >= 500 || body?.code === "idempotency_in_flight";
  return failure(`http_${status}`, body?.detail ?? `HTTP ${status}: ${text.slice(0, 200)}`, {
    status,
    ...body,
    ...(temporary && { retry_after: seconds(headers.get("retry-after")) }),
  });
}

/** Where a redirect leads, and the address to use instead. A browser does not say where: mostly it is to https. */
function advice(target: string, url: string, path: string): string {
  const full = target && target !== url ? new URL(target, url).href : url.replace(/^http:/i, "https:");
  return `to ${full}: use ${full.endsWith(path) ? full.slice(0, -path.length) : "the address of TinyCRM itself"} as TINYCRM_URL`;
}

/** A `Retry-After`: a number of seconds, or a date. */
function seconds(after: string | null): number {
  return Number(after) || Math.max(0, (Date.parse(after!) - Date.now()) / 1000) || 0;
}

/** Nothing is an empty answer; what is no JSON is no answer of TinyCRM's. */
function parse(text: string): any {
  try {
    return JSON.parse(text || "{}");
  } catch {}
}

/** The result of a call that did not succeed. */
export function failure(code: string, message: string, details?: object): { ok: false; error: TinyCRMError } {
  const error: any = new Error(message);
  delete error.message; // set anew below, JSON has it too
  return { ok: false, error: Object.assign(error, { name: "TinyCRMError", message, code }, details) };
}
