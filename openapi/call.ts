// The client made by openapi-typescript, called as its user would: what compiles is accepted, what is wrong does not compile.

import createClient from "openapi-fetch";
import type { paths } from "./generated/api.js";

declare const process: { env: Record<string, string | undefined> };

const headers = { Authorization: `Bearer ${process.env.TINYCRM_API_KEY}` };
const client = createClient<paths>({ baseUrl: process.env.TINYCRM_URL ?? "", headers });

function expect(right: boolean, what: string): asserts right {
    if (!right) throw new Error(what);
}

const params = { plan: "pro", mrr: 29.9, tags: ["vip"] };
const told = await client.POST("/v1/identify", { body: { email: "ts@example.com", status: "paid", params } });
expect(told.data !== undefined && "version" in told.data && told.data.created === true, "identify");

const batch = await client.POST("/v1/batch", {
    params: { header: { "Idempotency-Key": "from-typescript" } },
    body: { items: [{ user_id: "nobody" }, { type: "ping", email: "ts@example.com" }] },
});
const results = batch.data?.results ?? [];
expect(results[0]?.code === "unknown_user" && results[1]?.ok === true, "batch");

const asked = await client.POST("/v1/query", {
    body: { filter: "email = \"ts@example.com\"", aggregates: ["sum(params.mrr)"], group_by: "status" },
});
expect(asked.data?.count === 1 && asked.data.groups?.rows[0]?.by_status.paid === 1, "query");

const address = { query: { filter: "params.plan = \"pro\"", select: ["count" as const], limit: 10 } };
const counted = (await client.GET("/v1/query", { params: address })).data;
expect(typeof counted === "object" && counted.count === 1, "query by address: JSON, unless a number was asked for");

const person = await client.GET("/v1/customers/{who}", { params: { path: { who: "ts@example.com" } } });
expect(person.data?.relationships[0]?.status === "paid", "show a customer");

const wrong = await client.POST("/v1/query", { body: { filter: "plan is pro" } });
expect(wrong.error?.code === "invalid_filter" && wrong.error.place?.line === 1, "a problem is typed");

// @ts-expect-error nobody is named
const nobody = await client.POST("/v1/identify", { body: { status: "paid" } });
expect(nobody.error?.code === "invalid_fields", "nobody");

// @ts-expect-error there is no such status
const status = await client.POST("/v1/identify", { body: { email: "ts@example.com", status: "trialing" } });
expect(status.error?.errors?.[0]?.pointer === "/status", "no such status");
