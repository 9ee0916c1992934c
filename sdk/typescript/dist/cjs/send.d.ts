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
export declare const inBrowser: boolean;
/** The environment, where there is one. */
export declare const env: any;
/** Sends a body until it is answered, refused, or out of retries; if it must take effect `once`, under an idempotency key. */
export declare function send<T>(path: string, body: string, once: boolean | undefined, route: Route): Promise<Result<T>>;
/** The result of a call that did not succeed. */
export declare function failure(code: string, message: string, details?: object): {
    ok: false;
    error: TinyCRMError;
};
