//! Random filters and questions that ask of the past, about what [`super::script`] tells. Their moments are those at which
//! something happened, and the instants beside them.

use filter::value::Instant;
use index::{Aggregate, Facets, Part, Question, Sort};
use jiff::{Timestamp, tz::TimeZone};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use crate::query_oracle;

/// What a question may speak of.
pub(super) struct Asker<'a> {
    /// When something happened, in order.
    pub(super) moments: &'a [Instant],
    pub(super) now: Timestamp,
    pub(super) horizon: Option<Timestamp>,
    pub(super) zone: TimeZone,
}

const CONDITIONS: [&str; 30] = [
    "status = paid",
    "status = free",
    "status in (free, trial)",
    "status != churned",
    "status not in (paid, free)",
    "params.plan = \"free\"",
    "params.plan = \"pro\"",
    "params.plan != \"pro\"",
    "params.plan = null",
    "params.plan is not string",
    "params.plan.a = \"x\"",
    "params.plan exists",
    "params.n > 0",
    "params.n = 1.0",
    "params.n in (0, 2, \"x\")",
    "params.n <= 1",
    "params.tags has \"x\"",
    "params.tags has \"z\"",
    "params.tags is array",
    "params.status exists",
    "params.status starts with \"f\"",
    "name = \"Ada\"",
    "name exists",
    "user_id = u1",
    "search \"a@\"",
    "first_paid exists",
    "status_since exists",
    "last_activity exists",
    "domain = x.com",
    "params.nobody exists",
];
const CHANGING: [&str; 9] = [
    "status",
    "name",
    "user_id",
    "email",
    "params.plan",
    "params.plan.a",
    "params.n",
    "params.tags",
    "params.status",
];
const TIMES: [&str; 4] = ["status_since", "first_paid", "first_seen", "last_activity"];
const GROUPINGS: [&str; 9] = [
    "status",
    "params.plan",
    "params.n",
    "params.tags",
    "bucket(params.n, 2)",
    "month(last_activity)",
    "day(status_since)",
    "year(first_paid)",
    "week(first_seen)",
];
const AGGREGATES: [&str; 7] = [
    "sum(params.n)",
    "median(params.n)",
    "avg(params.status)",
    "min(status_since)",
    "max(last_activity)",
    "min(first_paid)",
    "max(first_seen)",
];

/// One of some texts.
fn one<'t>(rng: &mut StdRng, texts: &[&'t str]) -> &'t str {
    texts.choose(rng).copied().unwrap()
}

impl Asker<'_> {
    /// A moment that history can tell of, before the present.
    pub(super) fn instant(&self, rng: &mut StdRng) -> Instant {
        let now = Instant::from(self.now);
        let first = self.moments.first().copied().unwrap_or(now).0;
        let instant = match rng.random_range(0..10) {
            0..8 if !self.moments.is_empty() => {
                self.moments.choose(rng).unwrap().0 + rng.random_range(-1..=1)
            }
            8 => self.horizon.map_or(now, Instant::from).0,
            _ => rng.random_range(first.min(now.0 - 1)..now.0),
        };
        let instant = Instant(instant).min(Instant(now.0 - 1));
        instant.max(self.horizon.map_or(instant, Instant::from))
    }

    /// A moment in words, and about when it is.
    fn moment(&self, rng: &mut StdRng) -> (String, Instant) {
        let instant = self.instant(rng);
        match rng.random_range(0..20) {
            0..12 => (instant.to_string(), instant),
            12..17 => (filter::calendar::day_of(instant, &self.zone).to_string(), instant),
            17 => ("now".to_owned(), self.now.into()),
            18 => ("today".to_owned(), self.now.into()),
            _ => ("now - 3w".to_owned(), Instant(self.now.as_microsecond() - 21 * 86_400_000_000)),
        }
    }

    fn period(&self, rng: &mut StdRng) -> String {
        let known = ["last 7 days", "this month", "last year", "last 3 years", "last 2 hours", "today"];
        if rng.random_bool(0.2) {
            return one(rng, &known).to_owned();
        }
        let (one, other) = (self.moment(rng), self.moment(rng));
        let (from, to) = if one.1 <= other.1 { (one, other) } else { (other, one) };
        format!("{} .. {}", from.0, to.0)
    }

    fn days(&self, rng: &mut StdRng) -> String {
        if rng.random_bool(0.2) {
            return one(rng, &["last 7 days", "last month", "last 2 years", "2025-03-01", "this year"])
                .to_owned();
        }
        let mut days = [self.instant(rng), self.instant(rng)]
            .map(|instant| filter::calendar::day_of(instant, &self.zone));
        days.sort_unstable();
        format!("{} .. {}", days[0], days[1])
    }

    /// A condition on the present, whichever that is.
    fn present(&self, rng: &mut StdRng, depth: usize) -> String {
        if depth > 0 && rng.random_bool(0.4) {
            let (left, right) = (self.present(rng, depth - 1), self.present(rng, depth - 1));
            return self.joined(rng, &left, &right);
        }
        match rng.random_range(0..8) {
            0 => format!("{} in {}", one(rng, &TIMES), self.period(rng)),
            1 => format!("{} {} {}", one(rng, &TIMES), one(rng, &["<", ">=", "="]), self.moment(rng).0),
            _ => one(rng, &CONDITIONS).to_owned(),
        }
    }

    fn joined(&self, rng: &mut StdRng, left: &str, right: &str) -> String {
        match rng.random_range(0..6) {
            0 | 1 => format!("({left}) and ({right})"),
            2 => format!("({left}) or ({right})"),
            3 => format!("not ({left})"),
            4 => format!("in project {} where ({left})", one(rng, &["one", "two"])),
            _ => format!("({left}) and not in project two"),
        }
    }

    /// A filter that asks what was.
    pub(super) fn filter(&self, rng: &mut StdRng, depth: usize) -> String {
        if depth > 0 && rng.random_bool(0.4) {
            let left = self.filter(rng, depth - 1);
            let present = rng.random_bool(0.5);
            let right = if present { self.present(rng, 1) } else { self.filter(rng, depth - 1) };
            return self.joined(rng, &left, &right);
        }
        match rng.random_range(0..20) {
            0..5 => format!("was ({}) on {}", self.present(rng, 2), self.moment(rng).0),
            5..9 => format!("was ({}) in {}", self.present(rng, 2), self.period(rng)),
            9 | 10 => format!("was ({})", self.inside(rng)),
            11..13 => self.seen(rng),
            13..18 => self.changed(rng),
            _ => {
                let field = one(rng, &["params.n", "params.status"]);
                format!("{field} {} in {}", one(rng, &["increased", "decreased"]), self.period(rng))
            }
        }
    }

    /// What may stand inside `was`, questions about the past too.
    fn inside(&self, rng: &mut StdRng) -> String {
        match rng.random_range(0..5) {
            0 => format!("{} and {}", self.changed(rng), self.present(rng, 1)),
            1 => format!("{} and {}", self.seen(rng), self.present(rng, 1)),
            // More keys than Postgres carries along.
            2 => {
                let others: String = (0..20).map(|n| format!(" and params.k{n} not exists")).collect();
                format!("{}{others}", self.present(rng, 1))
            }
            _ => self.present(rng, 2),
        }
    }

    fn seen(&self, rng: &mut StdRng) -> String {
        match rng.random_bool(0.5) {
            true => format!("seen in {}", self.days(rng)),
            false => format!("seen at least {} days in {}", rng.random_range(1..4), self.days(rng)),
        }
    }

    fn changed(&self, rng: &mut StdRng) -> String {
        let field = one(rng, &CHANGING);
        let values = match field {
            "status" => ["free", "trial", "paid", "churned", "missing"],
            "name" => ["Ada", "Bob", "Eve", "\"\"", "missing"],
            "user_id" => ["u1", "u2", "u3", "u4", "missing"],
            "email" => ["a@x.com", "b@x.com", "c@x.com", "d@x.com", "missing"],
            "params.n" | "params.status" => ["0", "1", "2.0", "\"free\"", "missing"],
            _ => ["\"free\"", "\"pro\"", "\"x\"", "null", "missing"],
        };
        let mut text = format!("{field} changed");
        for side in ["from", "to"] {
            if rng.random_bool(0.4) {
                text += &format!(" {side} {}", one(rng, &values));
            }
        }
        if rng.random_bool(0.7) {
            text += &format!(" in {}", self.period(rng));
        }
        text
    }

    /// A whole question.
    pub(super) fn question(&self, rng: &mut StdRng) -> Question {
        let base = query_oracle::question(rng).question;
        let fields = [&CHANGING[..], &TIMES[..]].concat();
        let sort =
            Sort { field: filter::parse_field(one(rng, &fields)).unwrap(), descending: rng.random_bool(0.5) };
        let aggregate = |rng: &mut StdRng| one(rng, &AGGREGATES).parse::<Aggregate>().unwrap();
        Question {
            select: Part::ALL.to_vec(),
            sort,
            limit: rng.random_range(1..4),
            aggregates: (0..rng.random_range(0..4)).map(|_| aggregate(rng)).collect(),
            group_by: rng.random_bool(0.8).then(|| one(rng, &GROUPINGS).parse().unwrap()),
            facets: if rng.random_bool(0.5) { base.facets } else { Facets::auto() },
            ..base
        }
    }
}
