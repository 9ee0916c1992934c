//! What a merge and a correction come to, in the words that the command line and the dashboard share.

use filter::{
    Status,
    calendar::first_instant,
    value::{self, Moment},
};
use jiff::{Timestamp, civil::Time, tz::TimeZone};
use serde_json::Value;

use super::{Correction, Dates, Difference, Merge, Part, Undo};

/// So many characters of a value are shown.
const SHOWN_MAX: usize = 40;

impl Merge {
    /// What it comes to, in a sentence.
    pub fn sentence(&self) -> String {
        let Merge { keep, other, .. } = self;
        format!("{other} becomes an alias of {keep}: calls that name it are about {keep} from then on.")
    }
}

impl Part {
    /// What becomes of the other in the project.
    pub fn what(&self) -> &'static str {
        if self.both { "both become one" } else { "moves as it is" }
    }
}

impl Difference {
    /// `status free → paid`, `params.mrr 29 → 0`; a long value is cut.
    pub fn sentence(&self) -> String {
        let side = |value: &Option<Value>| {
            let text = match value {
                None => return "nothing".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
            };
            match text.char_indices().nth(SHOWN_MAX) {
                Some((cut, _)) => format!("{}…", &text[..cut]),
                None => text,
            }
        };
        format!("{} {} → {}", self.name, side(&self.before), side(&self.after))
    }
}

impl Undo {
    /// Whether the merge can be undone, until when, and why not.
    pub fn sentence(undo: Option<&Undo>, day: &dyn Fn(Timestamp) -> String) -> String {
        match undo {
            Some(Undo { untouched: true, until, .. }) => {
                let until = day(*until);
                format!("can be undone until {until}, as long as nothing else is stored of them")
            }
            Some(_) => "something was stored of them since: the merge cannot be undone any more".to_owned(),
            None => "the merge cannot be undone any more".to_owned(),
        }
    }
}

impl Dates {
    /// `first seen 2023-05-01, first paid 2023-06-01, churned since 2024-10-01`
    pub fn sentence(&self, zone: &TimeZone) -> String {
        let day = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string();
        let paid =
            self.first_paid.map_or("never paid".to_owned(), |paid| format!("first paid {}", day(paid)));
        format!(
            "first seen {}, {paid}, {} since {}",
            day(self.first_seen),
            self.status,
            day(self.status_since)
        )
    }

    /// What the history says of the status: `trial 2024-01-01`, `paid 2024-02-01`.
    pub fn history(&self, zone: &TimeZone) -> Vec<String> {
        let one = |(at, status): &(Timestamp, Option<Status>)| {
            format!("{} {}", status.map_or("unknown", Status::as_str), date(*at, zone))
        };
        self.statuses.iter().map(one).collect()
    }
}

impl Correction {
    /// Reads a date that somebody has written.
    pub fn moment(text: &str) -> Result<Moment, String> {
        value::moment(text.trim())
            .ok_or_else(|| format!("{text:?} is no date, as in 2026-03-01 or 2026-03-01T09:00:00Z"))
    }

    /// What dates say that somebody has written: a day begins in the account's zone.
    pub fn of(
        first_seen: Option<Moment>,
        first_paid: Option<Option<Moment>>,
        status_since: Option<Moment>,
        zone: &TimeZone,
    ) -> Correction {
        let instant = |moment: Moment| match moment {
            Moment::Day(day) => first_instant(day, zone).timestamp(),
            Moment::Instant(instant) => instant.timestamp(),
        };
        Correction {
            first_seen: first_seen.map(instant),
            first_paid: first_paid.map(|paid| paid.map(instant)),
            status_since: status_since.map(instant),
        }
    }
}

/// A date as people write it in the zone: the time only where it is not the day's first.
pub(super) fn date(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    let form = match zoned.time() {
        time if time == Time::midnight() => "%Y-%m-%d",
        time if time.subsec_nanosecond() == 0 => "%Y-%m-%d %H:%M:%S",
        _ => "%Y-%m-%d %H:%M:%S%.6f",
    };
    zoned.strftime(form).to_string()
}
