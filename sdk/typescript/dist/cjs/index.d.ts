import { type Route } from "./send.js";
import type { Change, Customer, Item, Outcome, Result, TinyCRMError, Visit, Written } from "./wire.js";
export type * from "./wire.js";
export interface Options extends Route {
    /** Called once for each call that failed, and for each item of a batch that did. Default: `console.error`. */
    onError?: ((error: TinyCRMError) => void) | undefined;
}
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
export declare class TinyCRM {
    /** Creates a customer, or merges what you know into the one that is there. Resolves once that is committed. */
    readonly identify: (customer: Customer) => Promise<Result<Written & Change>>;
    /** Marks a customer, by e-mail or by `{ user_id }`, as active today. Strangers are ignored. */
    readonly ping: (visit: string | Visit) => Promise<Result<Written>>;
    /** Makes up to 1,000 calls in one request, such as when you bring the users that you have. A bad item fails alone. */
    readonly batch: (items: Item[]) => Promise<Result<Written & {
        results: Outcome[];
    }>>;
    /** Resolves when no call is under way any more: what a serverless function waits for before it may be frozen. */
    readonly flush: () => Promise<void>;
    constructor(options?: Options | string);
}
