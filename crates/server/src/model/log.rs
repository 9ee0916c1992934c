//! The past of a relationship: what each value was at any date, as its changes say.
//!
//! Changes are in the order (at, version, seq). A value at a date is the *after* of the last change at or before it that
//! names it; before the first one it was missing. Of several changes of one value at the same microsecond the last alone
//! ever held.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::Hash,
};

use filter::Status;
use jiff::Timestamp;

use super::{Change, Kept, Relationship, Sides};

/// One value's past.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// What it was before the first change that is known.
    before: Option<Kept>,
    changes: BTreeMap<Timestamp, Option<Kept>>,
}

impl Track {
    /// When it changed last.
    pub fn last(&self) -> Option<Timestamp> {
        self.changes.last_key_value().map(|(at, _)| *at)
    }

    /// What it was at a date; `None` when it was missing.
    pub fn at(&self, date: Timestamp) -> Option<&Kept> {
        let change = self.changes.range(..=date).next_back();
        change.map_or(self.before.as_ref(), |(_, after)| after.as_ref())
    }

    /// What it is in the end.
    pub fn present(&self) -> Option<&Kept> {
        self.at(Timestamp::MAX)
    }

    /// Takes a change in; a later one of the same date than all that are known.
    pub fn enter(&mut self, at: Timestamp, after: Option<Kept>) {
        self.changes.insert(at, after);
    }
}

/// A status with what follows from those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The status.
    pub status: Status,
    /// Since when the status has been this one, without a break.
    pub status_since: Timestamp,
    /// When it was first `paid`.
    pub first_paid: Option<Timestamp>,
}

/// What is known of a relationship's past: all of it, or as much as the calls at hand can ask for.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Where the changes of the status that are known begin, if they are not all.
    from: Option<Standing>,
    /// When it was first paid, if that lies before everything that is known.
    paid: Option<Timestamp>,
    fields: HashMap<String, Track>,
    params: HashMap<String, Track>,
}

impl Log {
    /// Nothing is known but how the status stands; enough for calls that are later than the last change.
    pub fn from(standing: Standing) -> Log {
        Log { from: Some(standing), paid: standing.first_paid, ..Log::default() }
    }

    /// A log that holds nothing from before `horizon`, when the customer was first paid at `first_paid`.
    pub fn since(horizon: Option<Timestamp>, first_paid: Option<Timestamp>) -> Log {
        let paid = first_paid.filter(|paid| horizon.is_some_and(|horizon| *paid < horizon));
        Log { paid, ..Log::default() }
    }

    /// The past of `status`, `name`, `user_id` or `email`.
    pub fn field(&self, field: &str) -> Option<&Track> {
        self.fields.get(field)
    }

    /// Whether nothing says yet what the status is.
    pub fn is_without_status(&self) -> bool {
        self.from.is_none() && self.fields.get("status").and_then(Track::present).is_none()
    }

    /// The past of a key of the params.
    pub fn param(&self, key: &str) -> Option<&Track> {
        self.params.get(key)
    }

    /// Every key of the params that the log names.
    pub fn params(&self) -> impl Iterator<Item = (&str, &Track)> {
        self.params.iter().map(|(key, track)| (key.as_str(), track))
    }

    /// The track of a field (`of_field`) or key, made if there is none.
    pub fn track(&mut self, of_field: bool, name: &str) -> &mut Track {
        let tracks = if of_field { &mut self.fields } else { &mut self.params };
        if !tracks.contains_key(name) {
            tracks.insert(name.to_owned(), Track::default());
        }
        tracks.get_mut(name).expect("it was put there")
    }

    /// Takes a change in, which is later in the log's order than those of its date that are known.
    pub fn enter(&mut self, change: &Change) {
        let fields = change.fields.iter().map(|(name, sides)| (true, *name, sides));
        let params = change.params.iter().map(|(key, sides)| (false, key.as_str(), sides));
        for (of_field, name, Sides { before, after }) in fields.chain(params) {
            let track = self.track(of_field, name);
            if track.changes.is_empty() {
                track.before.clone_from(before);
            }
            track.enter(change.at, after.clone());
        }
    }

    /// How the status stands in the end, with one more change of it; `None` when there was none at all.
    pub fn standing(&self, more: Option<(Timestamp, Status)>) -> Option<Standing> {
        let known = self.fields.get("status").into_iter().flat_map(|track| &track.changes);
        let parse = |kept: &Option<Kept>| kept.as_ref()?.as_str()?.parse().ok();
        let mut dated: BTreeMap<Timestamp, Option<Status>> =
            known.map(|(at, after)| (*at, parse(after))).collect();
        if let Some(from) = self.from {
            dated.entry(from.status_since).or_insert(Some(from.status));
        }
        dated.extend(more.map(|(at, status)| (at, Some(status))));
        // Of that very moment the log itself says what was so.
        let paid_before = self.paid.filter(|paid| !dated.contains_key(paid));
        let (mut standing, mut run): (Option<Standing>, Option<Standing>) = (None, None);
        for (at, status) in dated {
            let Some(status) = status else {
                run = None; // the status is not known: whatever comes next begins anew
                continue;
            };
            let paid = standing.map_or(paid_before, |before| before.first_paid);
            run = run.filter(|run| run.status == status).or(Some(Standing {
                status,
                status_since: at,
                first_paid: paid.or((status == Status::Paid).then_some(at)),
            }));
            standing = run;
        }
        standing
    }

    /// Where a whole log, replayed to the present, tells something else than the row: each in a few words.
    ///
    /// What was pruned is not told any more: at the horizon a value holds since the change that made it so.
    pub fn differences(&self, row: &Relationship) -> Vec<String> {
        let mut all = Vec::new();
        let stored = row.standing();
        match self.standing(None) {
            None => all.push("no change says what the status is".to_owned()),
            Some(told) if told != stored => all.push(format!("the status: {told:?}, the row {stored:?}")),
            Some(_) => {}
        }
        let tracks = self.fields.values().chain(self.params.values());
        if tracks.filter_map(Track::last).max().is_some_and(|last| last > row.last_change) {
            all.push("a change that is later than last_change".to_owned());
        }
        let fields = [("name", &row.name), ("user_id", &row.user_id)];
        for (field, value) in fields {
            let told = self.fields.get(field).and_then(Track::present);
            if told != value.as_deref().map(Kept::text).as_ref() {
                all.push(format!("{field}: another value"));
            }
        }
        let known = self.params.iter().filter(|(key, _)| !row.params.contains_key(*key));
        all.extend(
            known
                .filter(|(_, track)| track.present().is_some())
                .map(|(key, _)| format!("params.{key}: the row has none")),
        );
        for (key, value) in &row.params {
            let told = self.params.get(key).and_then(Track::present);
            if told != Some(&Kept::of(value)) {
                all.push(format!("params.{key}: another value"));
            }
        }
        all
    }
}

/// What pruning must leave of what lies at or before the horizon: of each name the change that made it what it is there, and the
/// last that named it, which after late data may be another one: what is told of between the two comes too late. Takes names
/// in the log's order, each with its date, its place and what tells its *after* from others; returns the places that stay.
pub fn needed<N: Hash + Eq, V: PartialEq>(
    named: impl Iterator<Item = (N, Timestamp, usize, V)>,
) -> HashSet<usize> {
    let mut held: HashMap<N, BTreeMap<Timestamp, (usize, V)>> = HashMap::new();
    for (name, at, place, after) in named {
        held.entry(name).or_default().insert(at, (place, after));
    }
    let stay = |dated: BTreeMap<Timestamp, (usize, V)>| {
        let last = dated.last_key_value().map(|(_, (place, _))| *place);
        let later = |maker: Option<(usize, V)>, (place, after)| match maker {
            Some((before, value)) if value == after => Some((before, value)),
            _ => Some((place, after)),
        };
        let maker = dated.into_values().fold(None, later).map(|(place, _)| place);
        [maker, last]
    };
    held.into_values().flat_map(stay).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places that stay of `name second value`.
    fn left(log: &[(&str, i64, Option<&str>)]) -> Vec<usize> {
        let dated = log.iter().enumerate();
        let dated = dated.map(|(place, (name, second, after))| {
            (*name, Timestamp::from_second(*second).unwrap(), place, *after)
        });
        let mut left: Vec<usize> = needed(dated).into_iter().collect();
        left.sort_unstable();
        left
    }

    #[test]
    fn pruning_leaves_what_made_each_name_what_it_is_and_what_told_it_last() {
        let log = [
            ("status", 1, Some("trial")),
            ("plan", 1, Some("free")),
            ("plan", 2, Some("pro")),
            ("gone", 2, Some("1")),
            ("status", 3, Some("paid")),
            ("gone", 3, None),
            ("status", 4, Some("paid")),
        ];
        assert_eq!(left(&log), [2, 4, 5, 6], "paid since 3, told again at 4; what was removed stays so");
    }

    #[test]
    fn who_first_paid_at_a_moment_did_not_where_the_log_says_otherwise_of_it() {
        let second = |second| Timestamp::from_second(second).unwrap();
        let mut log = Log::since(Some(second(9)), Some(second(2)));
        let paid_at = |log: &Log, more| log.standing(Some((second(more), Status::Free))).unwrap().first_paid;
        assert_eq!(paid_at(&log, 5), Some(second(2)), "it was pruned");
        log.track(true, "status").enter(second(2), Some(Kept::text("paid")));
        assert_eq!(paid_at(&log, 5), Some(second(2)));
        assert_eq!(paid_at(&log, 2), None, "it never held");
    }

    #[test]
    fn pruning_knows_that_what_was_superseded_never_held() {
        let log = [("status", 1, Some("free")), ("status", 2, Some("paid")), ("status", 2, Some("free"))];
        assert_eq!(left(&log), [0, 2], "free since 1, and told so last at 2");
        assert_eq!(left(&[("status", 1, Some("free")), ("status", 1, Some("paid"))]), [1]);
    }
}
