// What goes wrong: which errors are tried again and how, and that none of them ever throws.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { TinyCRM } from "tinycrm-sdk";
import { standIn } from "./standin.js";

const OK = [200, { version: 7 }];
const ADA = { email: "ada@example.com" };

/** A client of a stand-in, and the errors that it reported. */
function client(url, options) {
  const errors = [];
  const crm = new TinyCRM({ apiKey: "k", baseUrl: url, onError: (error) => errors.push(error), ...options });
  return { crm, errors };
}

const temporary = {
  "429": [429, { code: "rate_limited", detail: "slow down" }],
  "500": [500, { code: "internal", detail: "sorry" }],
  "503 in HTML": [503, "<h1>Service Unavailable</h1>"],
  "an unknown outcome": [503, { code: "outcome_unknown", detail: "stored or not" }],
  "a call in flight": [409, { code: "idempotency_in_flight", detail: "being answered" }],
  "a cut connection": (response) => response.destroy(),
  "half an answer": (response) => {
    response.writeHead(200, { "content-length": "100" }).write("{");
    setTimeout(() => response.destroy(), 10);
  },
};

for (const [name, answer] of Object.entries(temporary)) {
  test(`${name} is tried again under the same idempotency key`, async (t) => {
    const { url, calls } = await standIn(t, answer, answer, OK);
    const { crm, errors } = client(url);
    assert.deepEqual(await crm.identify(ADA), { ok: true, version: 7 });
    assert.deepEqual(errors, []);

    assert.equal(calls.length, 3);
    assert.equal(new Set(calls.map((call) => call.headers["idempotency-key"])).size, 1);
    assert.equal(new Set(calls.map((call) => call.body)).size, 1);
    const [first, second] = [calls[1].at - calls[0].at, calls[2].at - calls[1].at];
    assert.ok(first >= 245 && second >= 490, `pauses of ${first} and ${second} ms`);
  });
}

const permanent = {
  "400": [400, { code: "invalid_json" }],
  "401": [401, { code: "invalid_key" }],
  "409": [409, { code: "email_taken" }],
  "422": [422, { code: "unknown_user" }],
  "404 in HTML": [404, "<h1>Not Found</h1>"],
};

for (const [name, answer] of Object.entries(permanent)) {
  test(`${name} is not tried again`, async (t) => {
    const { url, calls } = await standIn(t, answer);
    const { crm, errors } = client(url);
    const result = await crm.identify(ADA);
    assert.equal(result.ok, false);
    assert.equal(result.error.status, answer[0]);
    assert.equal(result.error.code, answer[1].code ?? "http_404");
    assert.equal(result.error.retry_after, undefined);
    assert.deepEqual(errors, [result.error]);
    assert.equal(calls.length, 1);
  });
}

test("Retry-After is waited for", async (t) => {
  const { url, calls } = await standIn(t, [429, "", { "retry-after": "1" }], OK);
  assert.equal((await client(url).crm.ping(ADA)).ok, true);
  const pause = calls[1].at - calls[0].at;
  assert.ok(pause >= 1245 && pause < 3000, `a pause of ${pause} ms`);
});

test("a Retry-After that nobody can wait for ends the call and is reported", async (t) => {
  const { url, calls } = await standIn(t, [503, "", { "retry-after": "3600" }]);
  const { error } = await client(url).crm.ping(ADA);
  assert.equal(error.retry_after, 3600);
  assert.equal(calls.length, 1);
});

test("a Retry-After may be a date", async (t) => {
  const { url, calls } = await standIn(t, (response) =>
    response.writeHead(503, { "retry-after": new Date(Date.now() + 3600_000).toUTCString() }).end());
  const { error } = await client(url).crm.ping(ADA);
  assert.ok(error.retry_after > 3500 && error.retry_after <= 3600, `${error.retry_after}`);
  assert.equal(calls.length, 1);
});

test("an attempt that takes too long is given up and tried again", async (t) => {
  const silence = () => {};
  const stall = (response) => response.writeHead(200).write("{");
  const { url, calls } = await standIn(t, silence, stall, OK);
  assert.equal((await client(url, { timeout: 100 }).crm.identify(ADA)).ok, true);
  assert.equal(calls.length, 3);
});

test("retries are counted, and the last error is the one reported", async (t) => {
  const { url, calls } = await standIn(t, [500], [502]);
  const { crm, errors } = client(url, { retries: 1 });
  const result = await crm.identify(ADA);
  assert.equal(result.error.code, "http_502");
  assert.deepEqual(errors, [result.error]);
  assert.equal(calls.length, 2);
});

test("retries: 0 means none", async (t) => {
  const { url, calls } = await standIn(t, [500]);
  assert.equal((await client(url, { retries: 0 }).crm.identify(ADA)).ok, false);
  assert.equal(calls.length, 1);
});

test("an error carries what the server said, as JSON too", async (t) => {
  const problem = {
    type: "about:blank",
    title: "Unprocessable Content",
    status: 422,
    code: "invalid_call",
    detail: '"ada" is not an e-mail address',
    hint: "write it like ada@example.com",
    errors: [{ pointer: "/email", detail: "no @" }],
    request_id: "r_1",
  };
  const { url } = await standIn(t, [422, problem, { "content-type": "application/problem+json" }]);
  const result = await client(url).crm.identify({ email: "ada" });
  const { error } = result;
  assert.ok(error instanceof Error && error.stack.includes(problem.detail));
  const { message, ...rest } = error;
  assert.deepEqual([message, rest], [problem.detail, { name: "TinyCRMError", ...problem }]);
  assert.deepEqual(JSON.parse(JSON.stringify(result)), { ok: false, error: { message, ...rest } });
});

test("an error that is no JSON is shown as it came", async (t) => {
  const { url } = await standIn(t, [413, `<h1>Too Large</h1>${" ".repeat(1000)}`]);
  const { error } = await client(url).crm.identify(ADA);
  assert.ok(error.message.startsWith("HTTP 413: <h1>Too Large</h1>"));
  assert.ok(error.message.length < 250);
});

test("a web page is not an answer", async (t) => {
  const { url, calls } = await standIn(t, [200, "<!doctype html>"]);
  const { error } = await client(url).crm.identify(ADA);
  assert.equal(error.code, "http_200");
  assert.equal(calls.length, 1);
});

test("a server that is not there is an error with its address and cause", async () => {
  const { crm } = client("http://127.0.0.1:1", { retries: 0 });
  const { error } = await crm.ping(ADA);
  assert.equal(error.code, "unreachable");
  assert.match(error.message, /^http:\/\/127\.0\.0\.1:1\/v1\/ping: /);
  assert.equal(error.retry_after, 0);
  assert.ok(error.cause);
});

test("what cannot be JSON is an error, and nothing is sent", async (t) => {
  const { url, calls } = await standIn(t, OK);
  const { crm, errors } = client(url);
  const circular = { email: "ada@example.com", params: {} };
  circular.params.self = circular;
  const hostile = { toJSON: () => { throw Object.create(null); } };

  for (const call of [circular, { ...ADA, params: { mrr: 10n } }, hostile]) {
    const result = await crm.identify(call);
    assert.equal(result.ok, false);
    assert.equal(result.error.code, "invalid_call");
    assert.equal(errors.at(-1), result.error);
  }
  assert.equal(calls.length, 0);
});

const lost = {
  "an invalid date": { timestamp: new Date("soon") },
  "an invalid date inside": { params: { trial_ends: new Date(NaN) } },
  "an invalid date in a list": { params: { renewals: [new Date(), new Date(NaN)] } },
  "an invalid date of a library": { first_seen: { toJSON: () => null } },
  "not a number": { params: { mrr: NaN } },
  "no end of a number": { increment: { logins: Infinity } },
  "a Map": { params: new Map([["plan", "pro"]]) },
  "a Set": { add: { tags: new Set(["vip"]) } },
};

for (const [name, facts] of Object.entries(lost)) {
  test(`${name}, which JSON would lose in silence, is an error`, async (t) => {
    const { url, calls } = await standIn(t, OK);
    const { crm, errors } = client(url);
    for (const result of [await crm.identify({ ...ADA, ...facts }), await crm.batch([{ ...ADA, ...facts }])]) {
      assert.equal(result.error.code, "invalid_call");
      assert.match(result.error.message, /^cannot be sent: \w+ is .+, which JSON cannot say$/);
    }
    assert.deepEqual([errors.length, calls.length], [2, 0]);
  });
}

test("failed items of a batch reach onError, each by itself", async (t) => {
  const results = [
    { ok: true, created: true },
    { ok: false, status: 422, code: "invalid_fields", detail: "one field is wrong", errors: [{ pointer: "/email" }] },
    { ok: true },
    { ok: false, status: 422, code: "unknown_user", detail: "nobody has that id" },
  ];
  const { url } = await standIn(t, [200, { version: 7, results }]);
  const { crm, errors } = client(url);
  assert.deepEqual(await crm.batch([ADA, ADA, ADA, ADA]), { ok: true, version: 7, results });
  assert.deepEqual(errors.map((error) => [error.item, error.code, error.status, error.message]), [
    [1, "invalid_fields", 422, "item 1: one field is wrong"],
    [3, "unknown_user", 422, "item 3: nobody has that id"],
  ]);
  assert.deepEqual(errors[0].errors, [{ pointer: "/email" }]);
  assert.ok(errors.every((error) => error instanceof Error && error.name === "TinyCRMError"));
});

const keys = {
  "a line break at its end": ["tcrm_proj_secret\n", "a line break"],
  "a line break of Windows": ["tcrm_proj_secret\r\n", "a line break"],
  "a blank before it": [" tcrm_proj_secret", "a blank"],
  "a blank in it": ["tcrm_proj _secret", "a blank"],
  "nothing but blanks": ["  ", "a blank"],
  "quotes around it": ['"tcrm_proj_secret"', '"\\""'],
  "a letter that no header can hold": ["tcrm_proj_secretе", '"е"'],
  "an ellipsis, copied from the documentation": ["tcrm_proj_…", '"…"'],
};

for (const [name, [apiKey, found]] of Object.entries(keys)) {
  test(`a key with ${name} fails at once and is not printed`, async (t) => {
    const { url, calls } = await standIn(t, OK);
    const { crm, errors } = client(url, { apiKey });
    const { error } = await crm.identify(ADA);
    assert.deepEqual([error.code, error.message], ["invalid_key", `apiKey has ${found} in it, which does not belong there`]);
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /secret/);
    assert.deepEqual([errors, calls.length], [[error], 0]);
  });
}

const addresses = {
  "localhost:7878": "has no scheme: write https:// or http:// before it",
  "crm.example.com": "has no scheme: write https:// or http:// before it",
  "/crm": "has no scheme: write https:// or http:// before it",
  "ftp://crm.example.com": "has no scheme: write https:// or http:// before it",
  "http://crm.example.com\r": "has a line break in it, which does not belong there",
  " http://crm.example.com": "has a blank in it, which does not belong there",
  "http://crm .example.com": "has a blank in it, which does not belong there",
  "http://crm.example.com?a=b": 'has "?" in it, which does not belong there',
};

for (const [baseUrl, fault] of Object.entries(addresses)) {
  test(`the address ${JSON.stringify(baseUrl)} ${fault.split(":")[0]}`, async () => {
    const fetch = () => assert.fail("nothing may be sent");
    const { error } = await client(baseUrl, { fetch }).crm.ping(ADA);
    assert.deepEqual([error.code, error.message], ["invalid_url", `TINYCRM_URL ${JSON.stringify(baseUrl)} ${fault}`]);
  });
}

test("a password in an address is not printed", async () => {
  const { error } = await client("https://ada:secret@crm.example.com").crm.ping(ADA);
  assert.deepEqual([error.code, error.message], ["invalid_url", 'TINYCRM_URL has "@" in it, which does not belong there']);
});

test("an empty address is none", async (t) => {
  const { url, calls } = await standIn(t, OK);
  process.env.TINYCRM_URL = url;
  t.after(() => delete process.env.TINYCRM_URL);
  assert.equal((await client("").crm.ping(ADA)).ok, true);
  assert.equal(calls.length, 1);
});

const redirects = {
  "to https": ["https://crm.example.com/v1/identify", "to https://crm.example.com/v1/identify: use https://crm.example.com as TINYCRM_URL"],
  "into a folder": ["/crm/v1/identify", "to URL/crm/v1/identify: use URL/crm as TINYCRM_URL"],
  "to a sign-in page": ["https://sso.example.com/login", "to https://sso.example.com/login: use the address of TinyCRM itself as TINYCRM_URL"],
};

for (const [name, [location, message]] of Object.entries(redirects)) {
  for (const status of [301, 302, 307, 308]) {
    test(`a redirect ${name} by ${status} is told, not followed`, async (t) => {
      const { url, calls } = await standIn(t, [status, "<h1>Moved</h1>", { location }]);
      const { error } = await client(url).crm.identify(ADA);
      assert.deepEqual([error.code, error.status], ["redirected", status]);
      assert.equal(error.message, `${url}/v1/identify redirects ${message.replaceAll("URL", url).replaceAll(`TINYCRM_${url}`, "TINYCRM_URL")}`);
      assert.equal(calls.length, 1);
    });
  }
}

test("a redirect is told where a browser hides it, and where it was followed against our will", async () => {
  const hidden = { ok: false, status: 0, type: "opaqueredirect", url: "http://crm.test/v1/ping" };
  const followed = { ok: false, status: 405, redirected: true, url: "https://crm.test/v1/ping" };
  for (const answer of [hidden, followed]) {
    const fetch = async () => ({ headers: new Headers(), text: async () => "", ...answer });
    const { error } = await client("http://crm.test", { fetch }).crm.ping(ADA);
    assert.equal(error.code, "redirected");
    assert.equal(error.message, "http://crm.test/v1/ping redirects to https://crm.test/v1/ping: use https://crm.test as TINYCRM_URL");
  }
});

test("nonsense never throws", async () => {
  const fetch = () => { throw Object.create(null); };
  const nonsense = [undefined, null, 0, "", Symbol("s"), () => {}, [], new Date(NaN)];
  for (const value of nonsense) {
    for (const options of [value, { apiKey: value, baseUrl: value }, { apiKey: "k", fetch: value, timeout: value, retries: 0 }, { apiKey: "k", fetch, retries: 0 }]) {
      const crm = new TinyCRM(typeof options === "object" ? { onError: () => {}, ...options } : options);
      for (const call of [crm.identify, crm.ping, crm.batch]) assert.equal((await call(value)).ok, false);
    }
  }
});

test("an onError that fails does no harm", async (t) => {
  const { url } = await standIn(t, [422]);
  const failed = new Error("onError failed");
  for (const onError of [() => { throw failed; }, async () => { throw failed; }, "not a function"]) {
    assert.equal((await client(url, { onError }).crm.identify(ADA)).ok, false);
  }
  await new Promise((resume) => setTimeout(resume, 20)); // an unhandled rejection would fail this test
});

test("onError is console.error unless given", async (t) => {
  const { url } = await standIn(t, [422]);
  const error = t.mock.method(console, "error", () => {});
  const result = await new TinyCRM({ apiKey: "k", baseUrl: url }).identify(ADA);
  assert.deepEqual(error.mock.calls.map((call) => call.arguments), [[result.error]]);
});
