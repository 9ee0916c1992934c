// Compiled, never run: CommonJS sees the same types.
import sdk = require("tinycrm-sdk");

const crm: sdk.TinyCRM = new sdk.TinyCRM("tcrm_proj_1");
const customer: sdk.Customer = { email: "ada@example.com", params: { plan: "pro" } };
crm.identify(customer).then((result: sdk.Result<sdk.Written & sdk.Change>) => result.ok && result.version);
// @ts-expect-error an e-mail or a user_id is needed
crm.identify({ name: "Ada" });
