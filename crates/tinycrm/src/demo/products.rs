//! The three products of the demo: what they cost, where their customers come from, how they keep them.

/// A product and its market.
#[derive(Debug)]
pub struct Product {
    /// Its project's slug.
    pub slug: &'static str,
    /// Its project's name.
    pub name: &'static str,
    /// Of all customers, how many use this one, in percent. They overlap.
    pub share: f64,
    /// Days of trial that everybody begins with; 0 for a product with a free plan.
    pub trial_days: i64,
    /// How many of those who sign up pay some day.
    pub conversion: f64,
    /// Of those who pay by the month, how many leave each month.
    pub churn: f64,
    /// Paid plans: name, price a month, weight.
    pub plans: &'static [((&'static str, i64), u32)],
    /// Where people come from, and how often.
    pub sources: &'static [(&'static str, u32)],
    /// What they do.
    pub roles: &'static [(&'static str, u32)],
    /// What they are tagged with.
    pub tags: &'static [(&'static str, u32)],
    /// What is counted for each of them: the param's name.
    pub usage: &'static str,
    /// Whether it knows companies.
    pub business: bool,
    /// Whether it has ids of its own for its customers.
    pub user_ids: bool,
    /// How many days ago it was launched in public: a spike of sign-ups.
    pub launch: i64,
}

/// An invoicing service, a newsletter tool and an uptime monitor.
pub const PRODUCTS: [Product; 3] = [
    Product {
        slug: "demo-invoices",
        name: "Paperboat Invoices",
        share: 0.42,
        trial_days: 14,
        conversion: 0.105,
        churn: 0.05,
        plans: &[(("starter", 12), 50), (("pro", 29), 36), (("business", 79), 14)],
        sources: &[
            ("google", 38),
            ("direct", 22),
            ("referral", 14),
            ("producthunt", 6),
            ("capterra", 9),
            ("youtube", 6),
            ("twitter", 5),
        ],
        roles: &[("owner", 55), ("accountant", 22), ("assistant", 15), ("developer", 8)],
        tags: &[("vip", 6), ("agency", 18), ("freelancer", 40), ("eu-vat", 22), ("api", 14)],
        usage: "invoices",
        business: true,
        user_ids: true,
        launch: 401,
    },
    Product {
        slug: "demo-newsletter",
        name: "Fieldnotes Newsletter",
        share: 0.48,
        trial_days: 0,
        conversion: 0.062,
        churn: 0.07,
        plans: &[(("creator", 9), 70), (("pro", 25), 30)],
        sources: &[
            ("referral", 34),
            ("twitter", 18),
            ("direct", 16),
            ("google", 14),
            ("producthunt", 9),
            ("podcast", 6),
            ("hackernews", 3),
        ],
        roles: &[("writer", 70), ("editor", 18), ("marketer", 12)],
        tags: &[("vip", 5), ("fiction", 20), ("tech", 35), ("podcast", 18), ("beta-tester", 12)],
        usage: "subscribers",
        business: false,
        user_ids: false,
        launch: 263,
    },
    Product {
        slug: "demo-uptime",
        name: "Heartbeat Uptime",
        share: 0.29,
        trial_days: 7,
        conversion: 0.085,
        churn: 0.045,
        plans: &[(("solo", 7), 45), (("team", 19), 40), (("business", 99), 15)],
        sources: &[
            ("hackernews", 24),
            ("google", 26),
            ("github", 18),
            ("direct", 14),
            ("referral", 10),
            ("producthunt", 5),
            ("twitter", 3),
        ],
        roles: &[("developer", 48), ("owner", 24), ("admin", 18), ("viewer", 10)],
        tags: &[("vip", 7), ("self-hosted", 25), ("status-page", 30), ("on-call", 20), ("open-source", 18)],
        usage: "monitors",
        business: true,
        user_ids: true,
        launch: 148,
    },
];
