/** The TinyCRM client. */
import { failure, inBrowser, type Route, send } from "./send.js";
import type { Change, Customer, Item, Outcome, Result, TinyCRMError, Visit, Written } from "./wire.js";

export type * from "./wire.js";

export interface Options extends Route {
  /** Called once for each call that failed. Default: `console.error`. */
  onError?: ((error: TinyCRMError) => void) | undefined;
}

const NO_KEY = "TinyCRM: no apiKey, nothing is sent";

let warned = false;

/**
 * Tells TinyCRM who your customers are.
 *
 * ```ts
 * const crm = new TinyCRM({ apiKey: process.env.TINYCRM_API_KEY });
 * crm.identify({ email: "ada@example.com", status: "paid", params: { plan: "pro", mrr: 29 } });
 * ```
 *
 * Calls need not be awaited: they never throw and never reject. What fails goes to `onError`.
 */
export class TinyCRM {
  readonly #options: Options;

  constructor(options: Options | string | undefined) {
    this.#options = Object(typeof options === "string" ? { apiKey: options } : options);
    const { apiKey } = this.#options;
    if (!apiKey) {
      if (!warned) console.warn(NO_KEY);
      warned = true;
    } else if (inBrowser && !/^tcrm_pub_/.test(apiKey)) {
      console.warn("TinyCRM: browsers need a publishable key");
    }
  }

  /** Creates a customer, or merges what you know into the one that is there. Resolves once that is committed. */
  readonly identify = (customer: Customer): Promise<Result<Written & Change>> =>
    this.#post("/v1/identify", customer, true);

  /** Marks a customer, by e-mail or by `{ user_id }`, as active today. Strangers are ignored. */
  readonly ping = (visit: string | Visit): Promise<Result<Written>> =>
    this.#post("/v1/ping", typeof visit === "string" ? { email: visit } : visit);

  /** Makes up to 1,000 calls in one request, such as when you bring the users that you have. A bad item fails alone. */
  readonly batch = (items: Item[]): Promise<Result<Written & { results: Outcome[] }>> =>
    this.#post("/v1/batch", items, true);

  async #post<T>(path: string, call: unknown, once?: boolean): Promise<Result<T>> {
    const { apiKey, onError = console.error } = this.#options;
    if (!apiKey) return failure("no_key", NO_KEY);

    const result = await send<T>(path, call, once, this.#options)
      .catch((cause) => failure("invalid_call", "cannot be sent", { cause }));
    if (!result.ok) Promise.resolve(result.error).then(onError).catch(() => {});
    return result;
  }
}
