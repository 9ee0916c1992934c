/** What goes over the wire, in the wire's own words: the bodies of the calls and their answers. */
/** Where a customer stands with one product. A new customer without a status is `free`. */
export type Status = "free" | "trial" | "paid" | "churned";
/** Any JSON object. Dates become ISO strings, which filters understand: `params.trial_ends in next 7 days`. */
export type Params = {
    [key: string]: any;
};
/** A moment: a valid `Date`, or a string like `2026-03-01` or `2026-03-01T09:00:00Z`. */
export type Moment = Date | string;
/** What is null or undefined is left out. */
export type Maybe<T> = T | null | undefined;
interface ByEmail {
    /** The customer's e-mail address. Upper and lower case are the same address. */
    email: string;
    /** Your own id for this customer, unique in the project: what a billing webhook knows when it knows no e-mail. */
    user_id?: Maybe<string>;
}
interface ByUserId {
    /** The customer's e-mail address. For a known `user_id`, another address is a change of address. */
    email?: Maybe<string>;
    /** Your own id for this customer. Alone it must be known: identify it once together with the e-mail. */
    user_id: string;
}
/** Who a call is about: an e-mail, your own id, or both. */
export type Who = ByEmail | ByUserId;
/** What a call says about a customer. What is left out stays as it was. */
export interface Facts {
    /** The customer's display name. */
    name?: Maybe<string>;
    /** Where the customer stands with this product. */
    status?: Maybe<Status>;
    /** Anything your product knows: named keys are replaced whole, the others stay. `null` is a value. */
    params?: Maybe<Params>;
    /** Keys to set only if they are not there yet, such as where a customer came from. */
    set_once?: Maybe<Params>;
    /** Keys to remove. */
    unset?: Maybe<string[]>;
    /** Numbers to add to keys; a missing key starts from 0. */
    increment?: Maybe<{
        [key: string]: number;
    }>;
    /** Values to put into arrays that are used as sets: `{ tags: "vip" }`. */
    add?: Maybe<Params>;
    /** Values to take out of arrays that are used as sets. */
    remove?: Maybe<Params>;
    /** Whether `params` replaces everything that was stored instead of merging into it. */
    replace?: Maybe<boolean>;
    /** When this was true, if not now. What is older than the stored value enters history only. */
    timestamp?: Maybe<Moment>;
    /** When the customer was first seen, if that was before the first call. */
    first_seen?: Maybe<Moment>;
    /** Of somebody new: when the customer first paid. */
    first_paid?: Maybe<Moment>;
    /** Of somebody new: since when the status is what it is. */
    status_since?: Maybe<Moment>;
    /** Of somebody new: when the customer was last active. */
    last_activity?: Maybe<Moment>;
}
/** What `identify` takes: who, and what is known about them. */
export type Customer = Who & Facts;
/** What `ping` takes: who, and when if not now. */
export type Visit = Who & Pick<Facts, "timestamp">;
/** What `batch` takes: up to 1,000 of what the other calls take, pings with their type. */
export type Item = (Customer & {
    type?: "identify";
}) | (Visit & {
    type: "ping";
});
/** The server's answer to any write. A publishable key hears nothing but that it was heard. */
export interface Written {
    /** The account's version with this call: give it as `min_version` to a query that must see the call. */
    version: number;
}
/** What `identify` did. */
export interface Change {
    /** The customer's id in TinyCRM. */
    customer: string;
    /** Whether the customer is new in the project. */
    created: boolean;
    /** Whether anything but the activity differs from before. */
    changed: boolean;
    /** Names of which something later is known already: what this call said of them is history, and what is known stays. */
    stale: string[];
    /** The account ignores this address: nothing was stored, and the other fields are absent. */
    ignored?: true;
}
/** What became of one item of a batch; a bad one fails alone. */
export type Outcome = ({
    ok: true;
} & Partial<Change>) | {
    ok: false;
    status: number;
    code: string;
    detail: string;
    errors?: FieldError[];
};
/** One invalid field, by its JSON pointer. */
export interface FieldError {
    pointer: string;
    detail: string;
}
/** Why a call did not succeed. Besides these fields it carries whatever else the server answered. */
export interface TinyCRMError extends Error {
    /**
     * The server's stable code such as `unknown_user`; or the SDK's: `no_key`, `invalid_key`, `invalid_url`,
     * `invalid_call`, `unreachable`, `redirected`, `http_502`.
     */
    code: string;
    /** The HTTP status, if there was an answer. */
    status?: number;
    /** Seconds after which the same call may succeed; absent when it never will. */
    retry_after?: number;
    /** What to do about it. */
    hint?: string;
    /** Every invalid field. */
    errors?: FieldError[];
    /** Names this request in the server's log. */
    request_id?: string;
    /** The place of the failed item in its batch, from 0. */
    item?: number;
}
/** What every call resolves to. It never rejects. */
export type Result<T = {}> = ({
    ok: true;
} & T) | {
    ok: false;
    error: TinyCRMError;
};
export {};
