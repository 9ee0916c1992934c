// Compiled, never run: every line under a `@ts-expect-error` must be an error, and no other.
import { type Customer, type Result, TinyCRM, type TinyCRMError, type Who, type Written } from "tinycrm-sdk";

const maybe: string | undefined = String() || undefined;
const crm = new TinyCRM({ apiKey: maybe });
new TinyCRM("tcrm_proj_1");
new TinyCRM(maybe);
new TinyCRM({ apiKey: maybe, baseUrl: maybe, timeout: 1, retries: 0, fetch, onError: (error) => error.code });
new TinyCRM({ baseUrl: "http://localhost:7878" });
new TinyCRM();
// @ts-expect-error there is no such option
new TinyCRM({ apiKey: "k", retry: 0 });

interface Plan {
  plan: string;
  mrr: number;
}
const params: Plan = { plan: "pro", mrr: 29 };

crm.identify({ email: "ada@example.com", user_id: maybe, name: maybe, params });
crm.identify({ user_id: "u_42", email: maybe, status: "churned", name: null });
crm.identify({
  email: "ada@example.com",
  user_id: "u_42",
  name: "Ada",
  status: "paid",
  params: { plan: "pro", company: { country: "GB" }, referral: null, trial_ends: new Date() },
  set_once: { source: "producthunt" },
  unset: ["trial_ends"],
  increment: { logins: 1 },
  add: { tags: "vip" },
  remove: { tags: "lead" },
  replace: false,
  timestamp: "2026-03-01T09:00:00Z",
  first_seen: new Date(),
  first_paid: "2025-02-01",
  status_since: new Date(),
  last_activity: "2026-03-01T09:00:00Z",
});
// @ts-expect-error an e-mail or a user_id is needed
crm.identify({ name: "Ada" });
// @ts-expect-error one of the two must be there
crm.identify({ email: maybe });
// @ts-expect-error there is no such status
crm.identify({ email: "ada@example.com", status: "active" });
// @ts-expect-error there is no such field
crm.identify({ email: "ada@example.com", plan: "pro" });
// @ts-expect-error only numbers can be added
crm.identify({ email: "ada@example.com", increment: { logins: "1" } });

crm.ping("ada@example.com");
crm.ping({ user_id: "u_42", timestamp: new Date() });
// @ts-expect-error who?
crm.ping({});

crm.batch([{ email: "ada@example.com", name: "Ada" }, { type: "ping", user_id: "u_42" }]);
// @ts-expect-error a ping says nothing but who and when
crm.batch([{ type: "ping", email: "ada@example.com", name: "Ada" }]);

const result = await crm.identify({ email: "ada@example.com" });
if (result.ok) {
  const { version, customer, stale }: { version: number; customer: string; stale: string[] } = result;
  const ignored: true | undefined = result.ignored;
} else {
  const error: TinyCRMError = result.error;
  const code: string = error.code;
  // @ts-expect-error a failed call has no version
  result.version;
}
const flushed: Promise<void> = crm.flush();
const pinged: Result<Written> = await crm.ping("ada@example.com");
const ada: Customer = { email: "ada@example.com" };
const who: Who = { user_id: "u_42" };
