//! The customers of the benchmark, and what is said of them.

use serde_json::{Value, json};

/// The e-mail of a customer.
pub(crate) fn email(n: usize) -> String {
    format!("customer{n}@example.com")
}

/// The status with which a customer arrives.
pub(crate) fn status(n: usize) -> &'static str {
    ["free", "trial", "paid", "churned"][n % 4]
}

/// The dozen params with which a customer arrives.
pub(crate) fn params(n: usize) -> Value {
    let (plan, source) = (["free", "pro", "team"][n % 3], ["ad", "search", "friend"][n % 3]);
    json!({
        "plan": plan, "mrr": n % 90, "source": source,
        "role": "owner", "trial_ends": "2026-12-01", "referral": null, "beta": n.is_multiple_of(2), "dark": false,
        "signed_up_at": "2026-01-01T00:00:00Z", "billing_cycle": "monthly", "cohort": n / 10,
        "company": { "name": format!("Company {}", n % 1000), "country": "DE" },
    })
}

/// Somebody new.
pub(crate) fn arrival(n: usize) -> Value {
    json!({ "email": email(n), "user_id": format!("u_{n}"), "name": format!("Customer {n}"), "status": status(n),
            "params": params(n) })
}

/// The params that a later call alters; `turn` makes them differ from those before.
pub(crate) fn altered(turn: usize) -> Value {
    json!({ "plan": "pro", "mrr": turn % 90, "seen": turn })
}

/// A call that alters a customer.
pub(crate) fn change(n: usize, turn: usize) -> Value {
    json!({ "email": email(n), "status": "paid", "params": altered(turn) })
}

/// Which of the known customers comes next: neighbours in time are no neighbours on disk.
pub(crate) fn scattered(turn: usize, known: usize) -> usize {
    turn * 7919 % known
}
