/** The TinyCRM client. */
import { strict, wrongKey } from "./check.js";
import { env, failure, inBrowser, type Route, send } from "./send.js";
import type { Change, Customer, Item, Outcome, Result, TinyCRMError, Visit, Written } from "./wire.js";

export type * from "./wire.js";

export interface Options extends Route {
  /** Called once for each call that failed, and for each item of a batch that did. Default: `console.error`. */
  onError?: ((error: TinyCRMError) => void) | undefined;
}

const NO_KEY = "TinyCRM: no apiKey, nothing is sent";

let warned = false;

/**
 * Tells TinyCRM who your customers are.
 *
 * ```ts
 * const crm = new TinyCRM(); // TINYCRM_API_KEY and TINYCRM_URL of the environment
 * crm.identify({ email: "ada@example.com", status: "paid", params: { plan: "pro", mrr: 29 } });
 * ```
 *
 * Calls need not be awaited: they never throw and never reject. What fails goes to `onError`.
 */
export class TinyCRM {
  /** Creates a customer, or merges what you know into the one that is there. Resolves once that is committed. */
  readonly identify: (customer: Customer) => Promise<Result<Written & Change>>;

  /** Marks a customer, by e-mail or by `{ user_id }`, as active today. Strangers are ignored. */
  readonly ping: (visit: string | Visit) => Promise<Result<Written>>;

  /** Makes up to 1,000 calls in one request, such as when you bring the users that you have. A bad item fails alone. */
  readonly batch: (items: Item[]) => Promise<Result<Written & { results: Outcome[] }>>;

  /** Resolves when no call is under way any more: what a serverless function waits for before it may be frozen. */
  readonly flush: () => Promise<void>;

  // All in closures: whoever prints a client does not print its key.
  constructor(options?: Options | string) {
    const route: Options = {
      apiKey: env.TINYCRM_API_KEY,
      ...(typeof options === "string" ? { apiKey: options } : options),
    };
    const { apiKey, onError = console.error } = route;
    const under = new Set<Promise<unknown>>();

    if (!apiKey) {
      if (!warned) console.warn(NO_KEY);
      warned = true;
    } else if (inBrowser && !/^tcrm_pub_/.test(apiKey)) {
      console.warn("TinyCRM: browsers need a publishable key");
    }

    const report = (error: TinyCRMError) => Promise.resolve(error).then(onError).catch(() => {});

    const attempt = async (path: string, call: unknown, once?: boolean): Promise<Result<any>> => {
      const fault = wrongKey(apiKey);
      if (fault) return failure("invalid_key", fault);
      return send(path, JSON.stringify(call, strict), once, route);
    };

    const post = async (path: string, call: unknown, once?: boolean): Promise<Result<any>> => {
      if (!apiKey) return failure("no_key", NO_KEY);
      const sending = attempt(path, call, once)
        .catch((cause) => failure("invalid_call", `cannot be sent: ${cause?.message}`, { cause }));
      under.add(sending);
      const result = await sending;
      under.delete(sending);
      if (!result.ok) report(result.error);
      else if (Array.isArray(result.results)) result.results.forEach(reportItem);
      return result;
    };

    const reportItem = ({ ok, ...outcome }: any, item: number) =>
      ok || report(failure(outcome.code, `item ${item}: ${outcome.detail}`, { ...outcome, item }).error);

    this.identify = (customer) => post("/v1/identify", customer, true);
    this.ping = (visit) => post("/v1/ping", typeof visit === "string" ? { email: visit } : visit);
    this.batch = (items) => post("/v1/batch", items, true);
    this.flush = async () => {
      while (under.size) await Promise.all(under);
    };
  }
}
