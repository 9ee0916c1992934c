//! The customers of the benchmark: seeded, so that every engine and every run has the same ones.
//!
//! Values follow Zipf's law; some keys hold mixed types, some are missing, a few rows have keys that hardly any other
//! row has, and very few rows are large. Times stand relative to a day, so that "this week" always finds somebody.

use std::fmt::Write;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use uuid::Uuid;

use crate::dice::{Dice, Zipf};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// How far back the first sign-up lies.
const PAST_DAYS: i64 = 730;
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

/// A row as the tables and the peers hold it; times in microseconds since 1970, `params` as JSON.
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
    pub(crate) params: String,
}

/// Makes rows. The same seed and day make the same rows.
pub(crate) struct Maker {
    seed: u64,
    day: Date,
    midnight: i64,
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
            referrers: Zipf::new(20_000),
        };
        Maker { seed, day, midnight, zipf }
    }

    /// Customer `n` in the project with this number; the customer is the same in all projects of an account.
    pub(crate) fn row(&self, project: u64, n: u64) -> Row {
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
        let dice = &mut Dice::of(self.seed ^ (project + 1).wrapping_mul(0x5851_f42d_4c95_7f2d), n);
        let first_seen = self.midnight - dice.below((PAST_DAYS * DAY) as u64) as i64;
        // The square of a uniform number: most were there lately.
        let share = dice.below(1 << 20);
        let since = (self.midnight - first_seen) as i128;
        let last_activity = self.midnight - ((since * i128::from(share * share)) >> 40) as i64;
        let plan = ["free", "free", "pro", "team"][dice.below(4) as usize];
        let plan = if plan == "team" && dice.permille(200) { "enterprise" } else { plan };
        let status = status(plan, dice);
        let status_since = first_seen + ((since * i128::from(share)) >> 21) as i64;
        let params = self.params(plan, first_seen, n, dice);
        Row {
            customer,
            email,
            user_id: format!("u_{n}"),
            name: (!dice.permille(50)).then(|| format!("{first} {last}")),
            status,
            status_since,
            first_paid: matches!(status, "paid" | "churned").then_some(status_since),
            first_seen,
            last_activity,
            params,
        }
    }

    /// A dozen keys as JSON.
    fn params(&self, plan: &str, first_seen: i64, n: u64, dice: &mut Dice) -> String {
        let zipf = &self.zipf;
        let mut json = format!("{{\"plan\":\"{plan}\"");
        let mut add = |text: std::fmt::Arguments<'_>| {
            let _ = json.write_fmt(text); // writing to a String cannot fail
        };
        self.mrr(plan, dice, &mut add);
        if !dice.permille(40) {
            add(format_args!(",\"source\":\"{}\"", zipf.sources.pick(dice, &SOURCES)));
        }
        add(format_args!(",\"role\":\"{}\"", zipf.roles.pick(dice, &ROLES)));
        self.trial(dice, &mut add);
        match dice.below(100) {
            0..60 => add(format_args!(",\"referral\":null")),
            60..98 => add(format_args!(",\"referral\":\"ref_{}\"", zipf.referrers.throw(dice))),
            _ => {}
        }
        add(format_args!(",\"beta\":{},\"newsletter\":{}", dice.permille(150), dice.permille(600)));
        add(format_args!(",\"signed_up_at\":\"{}\"", second(first_seen)));
        if plan != "free" {
            add(format_args!(
                ",\"billing_cycle\":\"{}\"",
                if dice.permille(300) { "yearly" } else { "monthly" }
            ));
        }
        add(format_args!(",\"score\":{},\"seats\":{}", dice.below(1000), 1 + zipf.seats.throw(dice)));
        add(format_args!(",\"locale\":\"{}\"", zipf.locales.pick(dice, &LOCALES)));
        match dice.below(100) {
            0..70 => {
                let (name, country) = (zipf.companies.throw(dice), zipf.countries.pick(dice, &COUNTRIES));
                let size = zipf.sizes.pick(dice, &SIZES);
                add(format_args!(
                    ",\"company\":{{\"name\":\"Company {name}\",\"country\":\"{country}\",\"size\":\"{size}\"}}"
                ));
            }
            70 => add(format_args!(",\"company\":\"self-employed\"")),
            _ => {}
        }
        if dice.permille(400) {
            add(format_args!(",\"tags\":[{}]", self.tags(dice)));
        }
        rare(n, dice, &mut add);
        json.push('}');
        json
    }

    /// Numbers, among them some with cents; some texts, some nulls, some missing.
    fn mrr(&self, plan: &str, dice: &mut Dice, add: &mut impl FnMut(std::fmt::Arguments<'_>)) {
        let price = match plan {
            "free" => 0,
            "pro" => [29, 19, 39, 24, 15, 49][self.zipf.prices.throw(dice)],
            "team" => [99, 79, 149, 129, 199, 59][self.zipf.prices.throw(dice)],
            _ => 400 + 50 * dice.below(60),
        };
        match dice.below(100) {
            0 => {}
            1 => add(format_args!(",\"mrr\":null")),
            2..4 => add(format_args!(",\"mrr\":\"{price}\"")),
            4..12 if price > 0 => add(format_args!(",\"mrr\":{price}.{:02}", 1 + dice.below(99))),
            _ => add(format_args!(",\"mrr\":{price}")),
        }
    }

    /// Mostly days, some date-times, a few words.
    fn trial(&self, dice: &mut Dice, add: &mut impl FnMut(std::fmt::Arguments<'_>)) {
        let offset = dice.below(121) as i64 - 60;
        let day = self.day.saturating_add(offset.days());
        match dice.below(1000) {
            0..200 => add(format_args!(",\"trial_ends\":\"{day}\"")),
            200..240 => add(format_args!(",\"trial_ends\":\"{day}T{:02}:30:00Z\"", dice.below(24))),
            240..242 => add(format_args!(",\"trial_ends\":\"soon\"")),
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
fn rare(n: u64, dice: &mut Dice, add: &mut impl FnMut(std::fmt::Arguments<'_>)) {
    if dice.permille(30) {
        let first = dice.below(RARE_KEYS);
        for place in 0..=dice.below(3) {
            let key = (first + place * 7919) % RARE_KEYS;
            match dice.below(2) {
                0 => add(format_args!(",\"x_{key}\":{}", dice.below(100))),
                _ => add(format_args!(",\"x_{key}\":\"v{}\"", dice.below(100))),
            }
        }
    }
    if n % 20_000 == 9_999 {
        add(format_args!(",\"notes\":\"{}\"", "Called, asked for an offer. ".repeat(2_000)));
        let settings: Vec<String> =
            (0..300).map(|place| format!("\"s_{place}\":{}", dice.below(1000))).collect();
        add(format_args!(",\"settings\":{{{}}}", settings.join(",")));
    }
    if n == 7_777 {
        add(format_args!(",\"notes\":\"{}\"", "A very long story. ".repeat(45_000)));
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
