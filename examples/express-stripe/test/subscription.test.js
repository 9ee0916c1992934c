// What a subscription says about a customer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { monthlyPrice } from "../price.js";
import { factsOf } from "../subscription.js";
import { subscription } from "./stripe.js";

const yearly = { interval: "year" };

const prices = [
  ["cents become units", [{}], 29],
  ["to the cent", [{ unit_amount_decimal: "1999" }], 19.99],
  ["where floats would be off", [{ unit_amount_decimal: "107", quantity: 3 }], 3.21],
  ["parts of a cent count until the end", [{ unit_amount_decimal: "0.5", quantity: 1001 }], 5.01],
  ["old events have no decimals", [{ unit_amount_decimal: undefined, unit_amount: 1900 }], 19],
  ["quantity", [{ quantity: 7 }], 203],
  ["a yearly price is a twelfth", [{ unit_amount_decimal: "29000", recurring: yearly }], 24.17],
  ["a twelfth can be exact", [{ unit_amount_decimal: "27480", recurring: yearly }], 22.9],
  ["quantity comes before the twelfth", [{ unit_amount_decimal: "1000", recurring: yearly, quantity: 3 }], 2.5],
  ["half a cent is rounded up", [{ unit_amount_decimal: "6", recurring: yearly }], 0.01],
  ["less than half a cent is rounded down", [{ unit_amount_decimal: "5", recurring: yearly }], 0],
  ["quarterly", [{ unit_amount_decimal: "10000", recurring: { interval_count: 3 } }], 33.33],
  ["every two years", [{ unit_amount_decimal: "24000", recurring: { ...yearly, interval_count: 2 } }], 10],
  ["weekly", [{ unit_amount_decimal: "300", recurring: { interval: "week" } }], 13],
  ["daily", [{ unit_amount_decimal: "120", recurring: { interval: "day" } }], 36.5],
  ["several items", [{}, { unit_amount_decimal: "550", quantity: 2 }], 40],
  ["three thirds are a whole", Array(3).fill({ unit_amount_decimal: "100", recurring: { interval_count: 3 } }), 1],
  ["metered items count as nothing", [{}, { recurring: { usage_type: "metered" }, quantity: undefined }], 29],
  ["tiered items count as nothing", [{}, { unit_amount: null, unit_amount_decimal: null }], 29],
  ["packs, begun", [{ quantity: 11, transform_quantity: { divide_by: 5, round: "up" } }], 87],
  ["packs, full", [{ quantity: 11, transform_quantity: { divide_by: 5, round: "down" } }], 58],
  ["yen have no cents", [{ unit_amount_decimal: "3000" }], 3000, "jpy"],
  ["yen are rounded whole", [{ unit_amount_decimal: "10000", recurring: yearly }], 833, "jpy"],
  ["Ugandan shillings are written as if they had cents", [{ unit_amount_decimal: "500" }], 5, "ugx"],
  ["dinars have three decimals", [{ unit_amount_decimal: "5120" }], 5.12, "kwd"],
];

for (const [name, items, expected, currency = "usd"] of prices) {
  test(`price: ${name}`, () => assert.equal(monthlyPrice(subscription({ items, currency })), expected));
}

const MARCH_1 = 1772355590;
const upgraded_at = new Date(MARCH_1 * 1000);
const pro = { plan: "pro", billing_cycle: "monthly", currency: "usd", mrr: 29 };
const paid = { status: "paid", params: pro, unset: ["trial_ends"], set_once: { upgraded_at } };
const churned = { status: "churned", params: { ...pro, mrr: 0 }, unset: ["trial_ends"] };
const trial_end = MARCH_1 + 14 * 86_400;
const trial_ends = new Date(trial_end * 1000);

const statuses = {
  trialing: [{ trial_end }, { status: "trial", params: { ...pro, trial_ends } }],
  active: [{}, paid],
  past_due: [{}, paid],
  unpaid: [{}, churned],
  paused: [{}, churned],
  canceled: [{}, churned],
  incomplete: [{}, undefined],
  incomplete_expired: [{}, undefined],
};

for (const [status, [changes, expected]] of Object.entries(statuses)) {
  test(`status: ${status}`, () => assert.deepEqual(factsOf(subscription({ status, ...changes })), expected));
}

test("an upgrade after a trial is dated by the trial's end", () => {
  assert.deepEqual(factsOf(subscription({ trial_end })).set_once, { upgraded_at: trial_ends });
});

test("plan and cycle have names", () => {
  const named = (...items) => {
    const { plan, billing_cycle } = factsOf(subscription({ items })).params;
    return `${plan} ${billing_cycle}`;
  };
  assert.equal(named({ recurring: yearly }), "pro yearly");
  assert.equal(named({ lookup_key: null, nickname: "Team", recurring: { interval_count: 6 } }), "Team every 6 months");
  assert.equal(named({ lookup_key: null, id: "price_1" }), "price_1 monthly");
});
