//! The customers of the benchmark: seeded, so that every engine and every run has the same ones.
//!
//! Values follow Zipf's law; some keys hold mixed types, some are missing, a few rows have keys that hardly any other
//! row has, and very few rows are large. Times stand relative to a day, so that "this week" always finds somebody.

use std::fmt::Arguments;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use uuid::Uuid;

use crate::{
    dice::{Dice, Zipf},
    lives::{Life, State},
};

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;
/// How far back the first sign-up lies.
pub(crate) const PAST_DAYS: i64 = 730;
/// How many have a code by which they refer others; so many codes there are, and the first have most of the referrals.
const REFERRERS: u64 = 20_000;
/// How many rare keys there are.
const RARE_KEYS: u64 = 30_000;

const FIRST: [&str; 24] = [
    "Ada",
    "Alan",
    "Amélie",
    "Bruno",
    "Chidi",
    "Dana",
    "Edsger",
    "Erika",
    "Frances",
    "Grace",
    "Hiro",
    "Ines",
    "Jamal",
    "Katherine",
    "Linus",
    "Margaret",
    "Niklaus",
    "Olga",
    "Priya",
    "Radia",
    "Søren",
    "Tim",
    "Yuki",
    "Zoë",
];
const LAST: [&str; 24] = [
    "Lovelace",
    "Turing",
    "Dubois",
    "Silva",
    "Okafor",
    "Levi",
    "Dijkstra",
    "Mustermann",
    "Allen",
    "Hopper",
    "Tanaka",
    "Costa",
    "Khan",
    "Johnson",
    "Berg",
    "Hamilton",
    "Wirth",
    "Petrova",
    "Sharma",
    "Perlman",
    "Smith",
    "Lee",
    "Sato",
    "Novak",
];
const SOURCES: [&str; 12] = [
    "direct",
    "google",
    "producthunt",
    "twitter",
    "hackernews",
    "newsletter",
    "friend",
    "podcast",
    "reddit",
    "ad",
    "conference",
    "github",
];
const ROLES: [&str; 6] = ["owner", "admin", "editor", "viewer", "billing", "guest"];
const COUNTRIES: [&str; 40] = [
    "US", "DE", "GB", "FR", "IN", "BR", "CA", "ES", "NL", "JP", "IT", "AU", "PL", "SE", "CH", "MX", "TR",
    "KR", "PT", "BE", "AT", "DK", "NO", "FI", "IE", "CZ", "UA", "RO", "IL", "ZA", "NG", "AR", "CL", "CO",
    "SG", "ID", "VN", "TH", "NZ", "GR",
];
const SIZES: [&str; 5] = ["1-10", "11-50", "51-200", "201-1000", "1000+"];
const LOCALES: [&str; 8] = ["en", "de", "fr", "es", "pt", "ja", "it", "nl"];
const TAGS: [&str; 20] = [
    "lead",
    "vip",
    "beta",
    "webinar",
    "support",
    "churn-risk",
    "partner",
    "student",
    "agency",
    "early",
    "nps",
    "event",
    "upsell",
    "press",
    "oss",
    "edu",
    "legal",
    "trial-2",
    "migrated",
    "vat",
];

/// A row as the tables and the peers hold it; times in microseconds since 1970.
pub(crate) struct Row {
    pub(crate) customer: Uuid,
    pub(crate) email: String,
    pub(crate) user_id: String,
    pub(crate) name: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) status_since: i64,
    pub(crate) first_paid: Option<i64>,
    pub(crate) first_seen: i64,
    pub(crate) last_activity: i64,
    /// Each key with its value as JSON.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) life: Life,
}

impl Row {
    /// The params as JSON.
    pub(crate) fn json(&self) -> String {
        let pairs: Vec<String> =
            self.params.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", pairs.join(","))
    }
}

/// Makes rows. The same seed and day make the same rows.
pub(crate) struct Maker {
    seed: u64,
    day: Date,
    /// When that day begins: everything was before.
    pub(crate) midnight: i64,
    /// Whether rows were anything before what they are.
    pub(crate) has_past: bool,
    zipf: Tables,
}

/// How often the values of each key come up.
struct Tables {
    sources: Zipf,
    roles: Zipf,
    countries: Zipf,
    sizes: Zipf,
    locales: Zipf,
    tags: Zipf,
    seats: Zipf,
    prices: Zipf,
    domains: Zipf,
    companies: Zipf,
    referrers: Zipf,
}

impl Maker {
    pub(crate) fn new(seed: u64, day: Date) -> Maker {
        let midnight = day.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_microsecond());
        let zipf = Tables {
            sources: Zipf::new(SOURCES.len()),
            roles: Zipf::new(ROLES.len()),
            countries: Zipf::new(COUNTRIES.len()),
            sizes: Zipf::new(SIZES.len()),
            locales: Zipf::new(LOCALES.len()),
            tags: Zipf::new(TAGS.len()),
            seats: Zipf::new(20),
            prices: Zipf::new(6),
            domains: Zipf::new(5_000),
            companies: Zipf::new(50_000),
            referrers: Zipf::new(REFERRERS as usize),
        };
        Maker { seed, day, midnight, has_past: true, zipf }
    }

    /// The e-mail of customer `n`.
    pub(crate) fn email(&self, n: u64) -> String {
        self.person(n).1
    }

    /// Who customer `n` is in every project: id, e-mail and name.
    fn person(&self, n: u64) -> (Uuid, String, String) {
        let person = &mut Dice::of(self.seed, n);
        let (first, last) = (*person.pick(&FIRST), *person.pick(&LAST));
        let domain = match self.zipf.domains.throw(person) {
            0 => "gmail.com".to_owned(),
            place => format!("company{place}.example"),
        };
        let email = format!("{}.{}{n}@{domain}", ascii(first), ascii(last));
        let customer = Uuid::from_u128(
            (u128::from(n + 1) << 80) | 0x7000_8000_0000_0000_0000 | u128::from(person.next() >> 2),
        );
        (customer, email, format!("{first} {last}"))
    }

    /// Customer `n` in the project with this number; the customer is the same in all projects of an account.
    pub(crate) fn row(&self, project: u64, n: u64) -> Row {
        let (customer, email, name) = self.person(n);
        let seed = self.seed ^ (project + 1).wrapping_mul(0x5851_f42d_4c95_7f2d);
        let dice = &mut Dice::of(seed, n);
        let first_seen = self.midnight - dice.below((PAST_DAYS * DAY) as u64) as i64;
        // The square of a uniform number: most were there lately.
        let share = dice.below(1 << 20);
        let since = (self.midnight - first_seen) as i128;
        let last_activity = self.midnight - 1 - ((since * i128::from(share * share)) >> 40) as i64;
        let last_activity = last_activity.max(first_seen);
        let plan = ["free", "free", "pro", "team"][dice.below(4) as usize];
        let plan = if plan == "team" && dice.permille(200) { "enterprise" } else { plan };
        let status = status(plan, dice);
        let mrr = self.mrr(plan, dice);
        // What they were is thrown with other dice: it does not alter what they are.
        let now = State { status, plan, mrr: mrr.clone() };
        let life = self.life(now, (first_seen, last_activity), &mut Dice::of(!seed, n));
        Row {
            customer,
            email,
            user_id: format!("u_{n}"),
            params: self.params(plan, mrr, (first_seen, life.logins), n, dice),
            name: (!dice.permille(50)).then_some(name),
            status,
            status_since: life.status_since(),
            first_paid: life.first_paid(),
            first_seen,
            last_activity,
            life,
        }
    }

    /// A dozen keys with their values as JSON.
    fn params(
        &self,
        plan: &str,
        mrr: Option<String>,
        (first_seen, logins): (i64, Option<usize>),
        n: u64,
        dice: &mut Dice,
    ) -> Vec<(String, String)> {
        let zipf = &self.zipf;
        let mut params: Vec<(String, String)> = Vec::with_capacity(16);
        let mut add = |key: &str, value: Arguments<'_>| params.push((key.to_owned(), value.to_string()));
        add("plan", format_args!("\"{plan}\""));
        if let Some(mrr) = mrr {
            add("mrr", format_args!("{mrr}"));
        }
        if !dice.permille(40) {
            add("source", format_args!("\"{}\"", zipf.sources.pick(dice, &SOURCES)));
        }
        add("role", format_args!("\"{}\"", zipf.roles.pick(dice, &ROLES)));
        self.trial(dice, &mut add);
        match dice.below(100) {
            0..60 => add("referral", format_args!("null")),
            60..98 => add("referral", format_args!("\"ref_{}\"", zipf.referrers.throw(dice))),
            _ => {}
        }
        if n < REFERRERS {
            add("referral_code", format_args!("\"ref_{n}\""));
        }
        add("beta", format_args!("{}", dice.permille(150)));
        add("newsletter", format_args!("{}", dice.permille(600)));
        add("signed_up_at", format_args!("\"{}\"", second(first_seen)));
        if plan != "free" {
            let cycle = if dice.permille(300) { "yearly" } else { "monthly" };
            add("billing_cycle", format_args!("\"{cycle}\""));
        }
        add("score", format_args!("{}", dice.below(1000)));
        add("seats", format_args!("{}", 1 + zipf.seats.throw(dice)));
        add("locale", format_args!("\"{}\"", zipf.locales.pick(dice, &LOCALES)));
        match dice.below(100) {
            0..70 => {
                let (name, country) = (zipf.companies.throw(dice), zipf.countries.pick(dice, &COUNTRIES));
                let size = zipf.sizes.pick(dice, &SIZES);
                add(
                    "company",
                    format_args!(
                        "{{\"name\":\"Company {name}\",\"country\":\"{country}\",\"size\":\"{size}\"}}"
                    ),
                );
            }
            70 => add("company", format_args!("\"self-employed\"")),
            _ => {}
        }
        if dice.permille(400) {
            add("tags", format_args!("[{}]", self.tags(dice)));
        }
        if let Some(logins) = logins {
            add("logins", format_args!("{logins}"));
        }
        rare(n, dice, &mut add);
        params
    }

    /// Numbers, among them some with cents; some texts, some nulls, some missing.
    pub(crate) fn mrr(&self, plan: &str, dice: &mut Dice) -> Option<String> {
        let price = match plan {
            "free" => 0,
            "pro" => [29, 19, 39, 24, 15, 49][self.zipf.prices.throw(dice)],
            "team" => [99, 79, 149, 129, 199, 59][self.zipf.prices.throw(dice)],
            _ => 400 + 50 * dice.below(60),
        };
        match dice.below(100) {
            0 => None,
            1 => Some("null".to_owned()),
            2..4 => Some(format!("\"{price}\"")),
            4..12 if price > 0 => Some(format!("{price}.{:02}", 1 + dice.below(99))),
            _ => Some(price.to_string()),
        }
    }

    /// Mostly days, some date-times, a few words.
    fn trial(&self, dice: &mut Dice, add: &mut impl FnMut(&str, Arguments<'_>)) {
        let offset = dice.below(121) as i64 - 60;
        let day = self.day.saturating_add(offset.days());
        match dice.below(1000) {
            0..200 => add("trial_ends", format_args!("\"{day}\"")),
            200..240 => add("trial_ends", format_args!("\"{day}T{:02}:30:00Z\"", dice.below(24))),
            240..242 => add("trial_ends", format_args!("\"soon\"")),
            _ => {}
        }
    }

    fn tags(&self, dice: &mut Dice) -> String {
        let mut tags: Vec<String> = Vec::new();
        for _ in 0..=dice.below(4) {
            let tag = format!("\"{}\"", self.zipf.tags.pick(dice, &TAGS));
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags.join(",")
    }
}

fn status(plan: &str, dice: &mut Dice) -> &'static str {
    match (plan, dice.below(100)) {
        ("free", 0..85) => "free",
        (_, 85..) => "churned",
        (_, 0..20) => "trial",
        _ => "paid",
    }
}

/// One row in 33 has one to three keys of tens of thousands; one in 20,000 a long text and hundreds of settings; and
/// one a text of nearly a megabyte.
fn rare(n: u64, dice: &mut Dice, add: &mut impl FnMut(&str, Arguments<'_>)) {
    if dice.permille(30) {
        let first = dice.below(RARE_KEYS);
        for place in 0..=dice.below(3) {
            let key = format!("x_{}", (first + place * 7919) % RARE_KEYS);
            match dice.below(2) {
                0 => add(&key, format_args!("{}", dice.below(100))),
                _ => add(&key, format_args!("\"v{}\"", dice.below(100))),
            }
        }
    }
    if n % 20_000 == 9_999 {
        add("notes", format_args!("\"{}\"", "Called, asked for an offer. ".repeat(2_000)));
        let settings: Vec<String> =
            (0..300).map(|place| format!("\"s_{place}\":{}", dice.below(1000))).collect();
        add("settings", format_args!("{{{}}}", settings.join(",")));
    }
    if n == 7_777 {
        add("notes", format_args!("\"{}\"", "A very long story. ".repeat(45_000)));
    }
}

/// A name as addresses write it.
fn ascii(name: &str) -> String {
    name.to_lowercase().replace('é', "e").replace('ø', "o").replace('ë', "e")
}

/// A time to the second, as apps write it.
fn second(micros: i64) -> String {
    Timestamp::from_second(micros / 1_000_000).map(|time| time.to_string()).unwrap_or_default()
}

/// A time to the microsecond.
pub(crate) fn moment(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map(|time| format!("{time:.6}")).unwrap_or_default()
}
