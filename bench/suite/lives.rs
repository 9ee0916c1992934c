//! What the customers of the benchmark were: trials that became plans, upgrades, churn and those who came back; the days on
//! which they were seen; a coupon that is gone; and for one in ten a counter that each login changes.
//!
//! A life is made backwards from what the row is now, so that its last change leaves the row as it stands.

use crate::{
    dice::Dice,
    rows::{DAY, Maker},
};

/// Changes of plan, price and status that nobody passes: three are the mean.
const CHANGES: u64 = 6;
/// Days on which somebody was seen are drawn fewer times than this; with those that come up twice, twenty are the mean.
const DAYS: u64 = 50;
/// Half of them lie in the last days of a life: who uses something does so in a row.
const LATELY: i64 = 14;
/// How long a trial lasts at most, and how late the news of a change arrives at most.
const TRIAL: i64 = 21 * DAY;
const LATE: u64 = 30 * DAY as u64;
const COUPONS: [&str; 4] = ["\"WELCOME20\"", "\"FRIDAY\"", "\"LAUNCH\"", "\"STUDENT\""];

/// What is asked of the past, at a moment; the price as JSON, if there is one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) status: &'static str,
    pub(crate) plan: &'static str,
    pub(crate) mrr: Option<String>,
}

/// A field or key with both sides as JSON; a side that is absent was missing.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) key: &'static str,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// What one call changed.
pub(crate) struct Change {
    pub(crate) at: i64,
    pub(crate) received: i64,
    pub(crate) told: Vec<Told>,
    /// The names that came too late to alter the present.
    pub(crate) stale: Vec<&'static str>,
    /// Another one of the same microsecond, which came after it, stands alone.
    pub(crate) superseded: bool,
}

/// What a relationship was.
pub(crate) struct Life {
    /// What it was from each moment on; the first is that of its birth.
    pub(crate) states: Vec<(i64, State)>,
    /// Everything after its birth, by date.
    pub(crate) changes: Vec<Change>,
    /// The days since 1970 on which it was seen.
    pub(crate) days: Vec<i64>,
    /// How many logins its counter has come to, if it has one; it began with one.
    pub(crate) logins: Option<usize>,
}

impl Life {
    /// Since when the status is what it is.
    pub(crate) fn status_since(&self) -> i64 {
        let now = self.states.last().map(|(_, state)| state.status);
        let run = self.states.iter().rev().take_while(|(_, state)| Some(state.status) == now);
        run.last().map_or(0, |(at, _)| *at)
    }

    pub(crate) fn first_paid(&self) -> Option<i64> {
        self.states.iter().find(|(_, state)| state.status == "paid").map(|(at, _)| *at)
    }
}

impl Change {
    fn new(at: i64, told: Vec<Told>) -> Change {
        Change { at, received: at, told, stale: Vec::new(), superseded: false }
    }

    fn between(before: &State, (at, after): &(i64, State)) -> Change {
        let quoted = |word: &str| Some(format!("\"{word}\""));
        let all = [
            ("status", quoted(before.status), quoted(after.status)),
            ("plan", quoted(before.plan), quoted(after.plan)),
            ("mrr", before.mrr.clone(), after.mrr.clone()),
        ];
        let told = all.into_iter().filter(|(_, before, after)| before != after);
        Change::new(*at, told.map(|(key, before, after)| Told { key, before, after }).collect())
    }
}

impl Maker {
    /// The life of somebody who is this now, was seen first and last at these moments.
    pub(crate) fn life(&self, now: State, (began, end): (i64, i64), dice: &mut Dice) -> Life {
        if !self.has_past {
            let days = days((began, end), 0, dice);
            return Life { states: vec![(began, now)], changes: Vec::new(), days, logins: None };
        }
        let mut dates = dates(began, end, dice);
        let mut states = vec![now];
        for place in 0..dates.len() {
            states.push(self.before(&states[place], dice));
        }
        states.reverse();
        if let Some(first) = dates.first_mut().filter(|_| states[0].status == "trial") {
            *first = (*first).min(began + TRIAL / 3 + dice.below(TRIAL as u64 * 2 / 3) as i64);
        }
        let states: Vec<(i64, State)> = std::iter::once(began).chain(dates).zip(states).collect();
        let mut changes: Vec<Change> =
            states.windows(2).map(|pair| Change::between(&pair[0].1, &pair[1])).collect();
        coupon(&mut changes, dice);
        self.delay(&mut changes, dice);
        let mut changes = supersede(changes, dice);
        let draws = dice.below(DAYS);
        let days = days((began, end), draws, dice);
        let logins = dice.permille(100).then(|| {
            let logins = logins(&days, (began, end), dice);
            let count = logins.len() + 1;
            changes.extend(logins);
            changes.sort_by_key(|change| change.at);
            count
        });
        Life { states, changes, days, logins }
    }

    /// What somebody was who is this now.
    fn before(&self, now: &State, dice: &mut Dice) -> State {
        let others: Vec<&str> =
            ["pro", "team", "enterprise"].into_iter().filter(|plan| *plan != now.plan).collect();
        let other = if dice.permille(850) { others[0] } else { others[1] };
        let same = if now.plan == "free" { other } else { now.plan };
        let (status, plan) = match (now.status, dice.below(10)) {
            ("paid", 0..4) => ("trial", same),
            ("paid", 4..7) => ("paid", other),
            ("paid", 7..9) => ("churned", same),
            ("paid", _) => ("free", "free"),
            ("churned", 0..8) => ("paid", same),
            ("churned", _) => ("trial", same),
            ("trial", 0..6) => ("free", "free"),
            ("free", 0..6) => ("trial", other),
            _ => ("churned", other),
        };
        let mrr = if status == "paid" { self.mrr(plan, dice) } else { Some("0".to_owned()) };
        State { status, plan, mrr }
    }

    /// Of a few changes nobody hears for days: they find later ones before them.
    fn delay(&self, changes: &mut [Change], dice: &mut Dice) {
        for place in 0..changes.len() {
            if dice.permille(30) {
                let received = (changes[place].at + dice.below(LATE) as i64).min(self.midnight);
                let later = &changes[place + 1..];
                let known: Vec<&str> = later
                    .iter()
                    .filter(|change| change.received < received)
                    .flat_map(|change| change.told.iter().map(|told| told.key))
                    .collect();
                let stale = changes[place].told.iter().map(|told| told.key);
                let stale = stale.filter(|key| known.contains(key)).collect();
                (changes[place].received, changes[place].stale) = (received, stale);
            }
        }
    }
}

/// When something changed, in order.
fn dates(began: i64, end: i64, dice: &mut Dice) -> Vec<i64> {
    let count = dice.below(CHANGES + 1);
    let Ok(time @ 1..) = u64::try_from(end - began) else { return Vec::new() };
    let mut dates: Vec<i64> = (0..count).map(|_| began + 1 + dice.below(time) as i64).collect();
    dates.sort_unstable();
    dates.dedup();
    dates
}

/// A key that some have for a while.
fn coupon(changes: &mut [Change], dice: &mut Dice) {
    let Some(last) = changes.len().checked_sub(1).filter(|last| *last > 0 && dice.permille(150)) else {
        return;
    };
    let from = dice.below(last as u64) as usize;
    let until = from + 1 + dice.below((last - from) as u64) as usize;
    let coupon = Some((*dice.pick(&COUPONS)).to_owned());
    changes[from].told.push(Told { key: "coupon", before: None, after: coupon.clone() });
    changes[until].told.push(Told { key: "coupon", before: coupon, after: None });
}

/// A few calls are taken back by another one of the very same moment.
fn supersede(changes: Vec<Change>, dice: &mut Dice) -> Vec<Change> {
    let mut all = Vec::with_capacity(changes.len());
    for change in changes {
        if dice.permille(10) {
            let wrong = |told: &Told| {
                let after = match told.key {
                    "status" => "\"trial\"",
                    "plan" => "\"team\"",
                    "mrr" => "1",
                    _ => "\"NONE\"",
                };
                Told { after: Some(after.to_owned()), ..told.clone() }
            };
            let told = change.told.iter().map(wrong).collect();
            let (received, stale) = (change.received, change.stale.clone());
            all.push(Change { at: change.at, received, told, stale, superseded: true });
        }
        all.push(change);
    }
    all
}

/// The days on which somebody was seen: the first and the last, and as many draws between.
fn days((began, end): (i64, i64), draws: u64, dice: &mut Dice) -> Vec<i64> {
    let (first, last) = (began.div_euclid(DAY), end.div_euclid(DAY));
    let mut days = vec![first, last];
    for place in 0..draws {
        let since = if place % 2 == 0 { first } else { first.max(last - LATELY) };
        days.push(since + dice.below((last - since + 1) as u64) as i64);
    }
    days.sort_unstable();
    days.dedup();
    days
}

/// A login on every day.
fn logins(days: &[i64], (began, end): (i64, i64), dice: &mut Dice) -> Vec<Change> {
    let times = days.iter().map(|day| day * DAY + dice.below(DAY as u64) as i64);
    let times: Vec<i64> = times.filter(|at| (began + 1..=end).contains(at)).collect();
    let login = |(place, at): (usize, &i64)| {
        let (before, after) = (Some(format!("{}", place + 1)), Some(format!("{}", place + 2)));
        Change::new(*at, vec![Told { key: "logins", before, after }])
    };
    times.iter().enumerate().map(login).collect()
}
