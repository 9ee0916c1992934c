// Starts the app with what the environment says.
import Stripe from "stripe";
import { TinyCRM } from "tinycrm-sdk";
import { createApp } from "./app.js";

const { PORT = 3000, STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, TINYCRM_API_KEY } = process.env;

if (!STRIPE_SECRET_KEY || !STRIPE_WEBHOOK_SECRET) {
  console.error("Set STRIPE_SECRET_KEY (sk_test_…) and STRIPE_WEBHOOK_SECRET (whsec_…), see README.md.");
  process.exit(1);
}

const app = createApp({
  // Stripe waits a few seconds for its answer and then asks again by itself.
  crm: new TinyCRM({ apiKey: TINYCRM_API_KEY, timeout: 3_000, retries: 1 }),
  stripe: new Stripe(STRIPE_SECRET_KEY),
  webhookSecret: STRIPE_WEBHOOK_SECRET,
});
const server = app.listen(PORT, () => console.log(`http://localhost:${server.address().port}`));
