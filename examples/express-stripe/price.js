// What a subscription costs per month, to the cent.
import Stripe from "stripe";

const { Decimal } = Stripe;

/** Decimals of the amounts in Stripe's API where they are not two. ISK and UGX have none but are written with two. */
const DECIMALS = {
  bif: 0, clp: 0, djf: 0, gnf: 0, jpy: 0, kmf: 0, krw: 0, mga: 0, pyg: 0, rwf: 0, vnd: 0, vuv: 0, xaf: 0, xof: 0, xpf: 0,
  bhd: 3, jod: 3, kwd: 3, omr: 3, tnd: 3,
};

const PER_YEAR = { day: 365, week: 52, month: 12, year: 1 };

/**
 * Returns what all items together cost per month, in units of the currency, rounded once and at the end. Metered and
 * tiered items have no fixed price and count as nothing; discounts and taxes are left out.
 */
export function monthlyPrice({ currency, items }) {
  // A fraction, so that thirds stay exact until the end.
  let yearly = Decimal.zero;
  let divisor = Decimal.from(1);
  for (const { price, quantity } of items.data) {
    const { interval, interval_count, usage_type } = price.recurring;
    const unit = price.unit_amount_decimal ?? price.unit_amount;
    if (usage_type === "metered" || unit === null) continue;
    const amount = Decimal.from(unit).mul(Decimal.from(units(price, quantity) * PER_YEAR[interval]));
    const count = Decimal.from(interval_count);
    yearly = yearly.mul(count).add(amount.mul(divisor));
    divisor = divisor.mul(count);
  }

  const decimals = DECIMALS[currency] ?? 2;
  const minorUnitsAndMonths = Decimal.from(10 ** decimals * 12);
  return yearly.div(divisor.mul(minorUnitsAndMonths), decimals, "half-up").toNumber();
}

/** How many times an item's price is charged: some prices are for a pack of several. */
function units({ transform_quantity: pack }, quantity) {
  if (!pack) return quantity;
  return pack.round === "up" ? Math.ceil(quantity / pack.divide_by) : Math.floor(quantity / pack.divide_by);
}
