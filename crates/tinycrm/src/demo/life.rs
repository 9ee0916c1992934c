//! One customer's time with one product: sign-up, trial, upgrade, change of plan, churn, and the days in between.
//!
//! Everything is worked out to the end and then cut off at the present, so that the same person has the same past
//! whenever one looks.

use std::collections::BTreeMap;

use filter::Status;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use server::model::{Call, Edit, Email, Identify, Past, Ping, Who};

use super::{dice::Dice, people::Person, products::Product};

/// Seconds of a day: the demo has no daylight saving.
const DAY: f64 = 86_400.0;
/// How far back the demo goes: 18 months.
pub const PAST_DAYS: f64 = 548.0;
/// So many customers of each product have only just come, however small the demo and whatever the day: a product
/// that lives always has somebody whose trial is about to end.
const NEWCOMERS: usize = 3;

/// A life being told.
pub struct Life<'a> {
    product: &'a Product,
    person: &'a Person,
    who: Who,
    now: Timestamp,
    calls: Vec<Call>,
}

/// What somebody pays.
#[derive(Clone, Copy)]
struct Deal {
    plan: &'static str,
    price: i64,
    yearly: bool,
}

impl Deal {
    /// The monthly revenue: a year costs ten months.
    fn mrr(self) -> Value {
        if !self.yearly {
            return json!(self.price);
        }
        let cents = (self.price * 1000 + 6) / 12;
        let text = format!("{}.{:02}", cents / 100, cents % 100);
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

impl<'a> Life<'a> {
    /// Tells the life of a person with a product; the calls are in no particular order. `referrers` are codes of those
    /// who recommend it, the busiest first.
    pub fn tell(
        product: &'a Product,
        person: &'a Person,
        number: usize,
        referrers: &[String],
        now: Timestamp,
        dice: &mut Dice,
    ) -> Vec<Call> {
        let Ok(email) = Email::parse(&person.email) else { return Vec::new() };
        let user_id = product.user_ids.then(|| format!("u_{number}"));
        let who = Who { email: Some(email), user_id };
        let mut life = Life { product, person, who, now, calls: Vec::new() };
        let start = if number <= NEWCOMERS { life.ago(number as f64, dice) } else { life.begin(dice) };
        let source = *dice.weighted(product.sources);
        let own = referrers.get(number - 1);
        life.sign_up(start, source, (own, referrers), dice);
        life.go_on(start, source, dice);
        life.calls
    }

    /// When they signed up: more and more people do, weekends are quiet, and a launch brings a crowd.
    fn begin(&self, dice: &mut Dice) -> Timestamp {
        if dice.chance(0.05) {
            return self.ago(self.product.launch as f64 - dice.wait(1.2).min(20.0), dice);
        }
        loop {
            let age = if dice.chance(0.35) { dice.unit() } else { 1.0 - dice.unit().sqrt() };
            let day = self.ago(age * PAST_DAYS, dice);
            if !is_weekend(day) || dice.chance(0.45) {
                return day;
            }
        }
    }

    /// Whoever hands out a code carries it.
    fn sign_up(
        &mut self,
        at: Timestamp,
        source: &str,
        (own, referrers): (Option<&String>, &[String]),
        dice: &mut Dice,
    ) {
        let trial = self.product.trial_days > 0;
        let mut edits = edits([
            ("signed_up_at", json!(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
            ("role", json!(dice.weighted(self.product.roles))),
            ("plan", json!(if trial { "trial" } else { "free" })),
        ]);
        edits.insert("source".to_owned(), Edit::SetOnce(json!(source)));
        edits.insert("referral".to_owned(), Edit::SetOnce(referral(source, referrers, dice)));
        if let Some(code) = own {
            set(&mut edits, "referral_code", json!(code));
        }
        if trial {
            let ends = later(at, self.product.trial_days as f64);
            set(&mut edits, "trial_ends", json!(date(ends)));
        }
        if dice.chance(0.3) {
            set(&mut edits, "beta", json!(dice.chance(0.35)));
        }
        if let Some(company) = self.person.company.as_ref().filter(|_| self.product.business) {
            let company = json!({ "name": company.name, "country": company.country, "size": company.size });
            set(&mut edits, "company", company);
        } else if dice.chance(0.7) {
            set(&mut edits, "country", json!(self.person.country));
        }
        let tags = tags(self.product, dice);
        if !tags.is_empty() {
            set(&mut edits, "tags", tags.into());
        }
        let status = if trial { Status::Trial } else { Status::Free };
        let name = dice.chance(0.93).then(|| self.person.name.clone());
        self.say(at, name, Some(status), edits);
    }

    /// What became of them: most look around and go, some stay for free, some pay.
    fn go_on(&mut self, start: Timestamp, source: &str, dice: &mut Dice) {
        let liking = match source {
            "referral" => 1.7,
            "producthunt" | "twitter" => 0.6,
            _ => 1.0,
        };
        let trial_end = later(start, self.product.trial_days as f64);
        if dice.chance(self.product.conversion * liking) {
            let wait = match self.product.trial_days {
                0 => 1.0 + dice.wait(30.0),
                days => (days as f64 + 0.5 - dice.wait(2.5)).max(0.2),
            };
            let paid = later(start, wait);
            self.visit(start, paid, 1.6, dice);
            return self.pay(paid, dice);
        }
        let end = if dice.chance(0.3) { later(start, dice.wait(75.0)) } else { later(start, dice.wait(2.0)) };
        self.visit(start, end, 0.9, dice);
        if self.product.trial_days > 0 {
            self.say(trial_end, None, Some(Status::Free), edits([("plan", json!("free"))]));
        }
        if dice.chance(0.15) {
            self.count(end, dice);
        }
    }

    /// They pay, perhaps for more after a while, until perhaps they leave, and a few come back.
    fn pay(&mut self, at: Timestamp, dice: &mut Dice) {
        let plans = self.product.plans;
        let deal = *dice.weighted(plans);
        let deal = Deal { plan: deal.0, price: deal.1, yearly: dice.chance(0.3) };
        self.upgrade(at, deal);
        self.count(later(at, 3.0), dice);
        let churn = if deal.yearly { self.product.churn / 3.0 } else { self.product.churn };
        let end = later(at, 20.0 + dice.wait(30.0 / churn));
        self.visit(at, end, 1.3, dice);
        let larger = plans.iter().map(|(plan, _)| plan).find(|(_, price)| *price > deal.price);
        if let Some((plan, price)) = larger.filter(|_| dice.chance(0.16)) {
            let moment = later(at, 30.0 + dice.wait(120.0));
            if moment < end {
                self.upgrade(moment, Deal { plan, price: *price, ..deal });
            }
        }
        self.leave(end, dice);
        if dice.chance(0.1) {
            let back = later(end, 15.0 + dice.wait(45.0));
            self.upgrade(back, deal);
            self.visit(back, self.now, 1.0, dice);
        }
    }

    fn upgrade(&mut self, at: Timestamp, deal: Deal) {
        let cycle = if deal.yearly { "yearly" } else { "monthly" };
        let edits = edits([
            ("plan", json!(deal.plan)),
            ("mrr", deal.mrr()),
            ("billing_cycle", json!(cycle)),
            ("upgraded_at", json!(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
        ]);
        self.say(at, None, Some(Status::Paid), edits);
    }

    fn leave(&mut self, at: Timestamp, dice: &mut Dice) {
        const REASONS: &[(&str, u32)] = &[
            ("too_expensive", 30),
            ("missing_feature", 22),
            ("not_used", 28),
            ("switched", 14),
            ("closed_business", 6),
        ];
        let mut edits = edits([("mrr", json!(0)), ("churned_at", json!(date(at)))]);
        if dice.chance(0.7) {
            set(&mut edits, "churn_reason", json!(dice.weighted(REASONS)));
        }
        self.say(at, None, Some(Status::Churned), edits);
    }

    /// What the app counts and scores for them.
    fn count(&mut self, at: Timestamp, dice: &mut Dice) {
        let used = (dice.wait(1.4).exp() * 5.0).min(60_000.0) as i64;
        let score = (100.0 - dice.wait(28.0)).max(1.0) as i64;
        self.say(at, None, None, edits([(self.product.usage, json!(used)), ("score", json!(score))]));
    }

    /// Days on which they came by, `weekly` times a week, rarely on weekends.
    fn visit(&mut self, from: Timestamp, to: Timestamp, weekly: f64, dice: &mut Dice) {
        let mut at = later(from, dice.wait(7.0 / weekly));
        while at < to.min(self.now) {
            if !is_weekend(at) || dice.chance(0.3) {
                self.calls.push(Call::Ping(Ping { who: self.who.clone(), at: Some(at) }));
            }
            at = later(at, dice.wait(7.0 / weekly));
        }
    }

    /// A call of identify, unless it lies ahead.
    fn say(&mut self, at: Timestamp, name: Option<String>, status: Option<Status>, edits: Edits) {
        if at < self.now {
            let who = self.who.clone();
            let call = Identify {
                who,
                name,
                status,
                edits,
                replace: false,
                at: Some(at),
                past: Past::default(),
                live: true,
                seen: None,
            };
            self.calls.push(Call::Identify(Box::new(call)));
        }
    }

    /// So many days ago, at an hour of the working day.
    fn ago(&self, days: f64, dice: &mut Dice) -> Timestamp {
        const HOURS: &[(i64, u32)] = &[
            (0, 2),
            (2, 1),
            (5, 1),
            (6, 2),
            (7, 4),
            (8, 8),
            (9, 11),
            (10, 12),
            (11, 11),
            (12, 9),
            (13, 11),
            (14, 13),
            (15, 13),
            (16, 12),
            (17, 10),
            (18, 8),
            (19, 7),
            (20, 7),
            (21, 6),
            (22, 4),
            (23, 3),
        ];
        let midnight = self.now.as_second() / 86_400 * 86_400;
        let second = dice.weighted(HOURS) * 3600 + dice.between(0, 3600);
        let at = midnight - (days.max(0.0) as i64) * 86_400 + second;
        // Nobody signs up tomorrow: what would lie ahead of the present moves to the day before.
        let at = if at >= self.now.as_second() { at - 86_400 } else { at };
        Timestamp::from_second(at).unwrap_or(self.now)
    }
}

type Edits = BTreeMap<String, Edit>;

fn edits<const N: usize>(pairs: [(&str, Value); N]) -> Edits {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), Edit::Set(value))).collect()
}

fn set(edits: &mut Edits, key: &str, value: Value) {
    edits.insert(key.to_owned(), Edit::Set(value));
}

/// Who recommended the product; null when it is known that nobody did.
fn referral(source: &str, referrers: &[String], dice: &mut Dice) -> Value {
    if source == "referral" && !referrers.is_empty() {
        json!(referrers[dice.long_tail(referrers.len())])
    } else {
        Value::Null
    }
}

fn tags(product: &Product, dice: &mut Dice) -> Vec<&'static str> {
    let each = product.tags.iter().filter(|(_, weight)| dice.chance(f64::from(*weight) / 130.0));
    each.map(|(tag, _)| *tag).collect()
}

fn later(at: Timestamp, days: f64) -> Timestamp {
    Timestamp::from_second(at.as_second().saturating_add((days * DAY) as i64)).unwrap_or(Timestamp::MAX)
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn is_weekend(at: Timestamp) -> bool {
    matches!(
        TimeZone::UTC.to_datetime(at).weekday(),
        jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday
    )
}
