// What a Stripe subscription says about a customer.
import { monthlyPrice } from "./price.js";

const STATUS = {
  trialing: "trial",
  active: "paid",
  past_due: "paid", // Stripe is still trying to collect
  unpaid: "churned",
  paused: "churned", // the trial ended without a way to pay
  canceled: "churned",
  // incomplete, incomplete_expired: the first payment has not been made, so nothing has changed
};

const CYCLE = { day: "daily", week: "weekly", month: "monthly", year: "yearly" };

/** Returns the status and params for `identify`, or nothing if there is nothing to say yet. */
export function factsOf(subscription) {
  const status = STATUS[subscription.status];
  if (!status) return;

  const { price } = subscription.items.data[0];
  const params = {
    plan: price.lookup_key ?? price.nickname ?? price.id,
    billing_cycle: cycle(price.recurring),
    currency: subscription.currency,
    mrr: status === "churned" ? 0 : monthlyPrice(subscription),
  };

  if (status === "trial") return { status, params: { ...params, trial_ends: date(subscription.trial_end) } };
  const upgraded_at = date(subscription.trial_end ?? subscription.start_date);
  return { status, params, unset: ["trial_ends"], ...(status === "paid" && { set_once: { upgraded_at } }) };
}

function cycle({ interval, interval_count }) {
  return interval_count === 1 ? CYCLE[interval] : `every ${interval_count} ${interval}s`;
}

/** Stripe counts seconds. */
function date(seconds) {
  return new Date(seconds * 1000);
}
