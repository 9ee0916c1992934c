//! A relationship's life as this test tells it: changes in order, days, and the row that follows from them.

use std::collections::{BTreeMap, BTreeSet};

use filter::{History, Status, Track, calendar::first_instant, value::Instant};
use index::{Fresh, Part, Question, Row, Sort};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::generator::Dice;

/// When the questions are asked.
pub(crate) const NOW: &str = "2026-06-30T15:00:00Z";
/// Lives begin after this day; so many days later they still go on.
const FIRST: Date = Date::constant(2026, 1, 1);
const DAYS: usize = 150;

const KEYS: [&str; 6] = ["plan", "mrr", "company", "tags", "by", "code"];

/// One change: a name (`status` is the field, all else are keys) and what it became.
type Change = (Instant, &'static str, Option<Value>);

#[derive(Clone, Debug)]
pub(crate) struct Life {
    project: Uuid,
    person: usize,
    began: Instant,
    first_seen: Instant,
    /// In order; of one name at one time the last counts.
    changes: Vec<Change>,
    days: BTreeSet<Date>,
    last_activity: Instant,
    /// When an import told of it without dates.
    imported: Option<Instant>,
}

/// A time on a day, at one of few moments, so that ties and borders are met.
fn time(dice: &mut Dice, days: usize) -> Instant {
    let day = FIRST.saturating_add((dice.below(days) as i64).days());
    let (hour, micro) = *dice.pick(&[(0, 0), (0, 1), (3, 0), (9, 0), (22, 59), (23, 999_999)]);
    let at = day.at(hour, 0, 0, micro * 1_000).to_zoned(TimeZone::UTC).unwrap().timestamp();
    Instant::from(at)
}

fn value(dice: &mut Dice, key: &str) -> Option<Value> {
    if dice.chance(15) {
        return None;
    }
    Some(match key {
        "status" => json!(dice.pick(&Status::ALL).as_str()),
        "plan" => dice
            .pick(&[json!("free"), json!("pro"), json!("Pro"), Value::Null, json!(5), json!("2026-03-01")])
            .clone(),
        "mrr" => {
            serde_json::from_str(dice.pick::<&str>(&["0", "19.9", "19.90", "29", "1e2", "-5", "\"19\""]))
                .unwrap()
        }
        // Who came by which code, and who carries which.
        "by" | "code" => {
            serde_json::from_str(dice.pick::<&str>(&["\"A\"", "\"B\"", "\"C\"", "1", "1.0", "true"])).unwrap()
        }
        "tags" => dice
            .pick(&[
                json!([]),
                json!(["a"]),
                json!(["a", "b", "a"]),
                json!(["b", 5.0, [1]]),
                json!(["2026-03-01", null]),
                json!({ "a": 1 }),
            ])
            .clone(),
        _ => dice
            .pick(&[
                json!({ "country": "DE", "size": 3 }),
                json!({ "country": "AT" }),
                json!({ "size": 3.0 }),
                json!("DE"),
                json!({ "country": { "code": "DE" } }),
            ])
            .clone(),
    })
}

impl Life {
    pub(crate) fn new(dice: &mut Dice, project: Uuid, person: usize) -> Life {
        let began = time(dice, 90);
        let mut life = Life {
            project,
            person,
            began,
            first_seen: began,
            changes: vec![(began, "status", Some(json!(dice.pick(&Status::ALL).as_str())))],
            days: BTreeSet::new(),
            last_activity: began,
            imported: dice.chance(25).then(|| time(dice, DAYS)),
        };
        for key in KEYS {
            if let Some(value) = value(dice, key).filter(|_| dice.chance(60)) {
                life.changes.push((began, key, Some(value)));
            }
        }
        for _ in 0..dice.below(5) {
            life.late(dice);
        }
        life
    }

    /// Anything anywhere in the past, before the beginning too.
    pub(crate) fn late(&mut self, dice: &mut Dice) {
        let at = time(dice, 120);
        self.enter(dice, at);
        self.changes.sort_by_key(|(at, _, _)| *at);
        self.first_seen = self.first_seen.min(at);
    }

    fn enter(&mut self, dice: &mut Dice, at: Instant) -> Change {
        let key = if dice.chance(30) { "status" } else { *dice.pick(&KEYS) };
        let mut value = value(dice, key);
        if key == "status" && value.is_none() {
            value = Some(json!("paid"));
        }
        self.changes.push((at, key, value.clone()));
        self.see(dice, at);
        (at, key, value)
    }

    fn see(&mut self, dice: &mut Dice, at: Instant) -> Option<Date> {
        self.last_activity = self.last_activity.max(at);
        let day = at.timestamp().to_zoned(TimeZone::UTC).date();
        (dice.chance(70) && self.days.insert(day)).then_some(day)
    }

    /// A change that is later than all others, and now and then a day without one.
    pub(crate) fn goes_on(&mut self, dice: &mut Dice) -> Fresh {
        let last = self.changes.last().map_or(self.began, |(at, _, _)| *at);
        let mut fresh = Fresh::default();
        let mut at = last;
        for _ in 0..1 + dice.below(2) {
            at = Instant(at.0 + dice.pick(&[1_i64, 3_600_000_000, 86_400_000_000 * 3]));
            let before: BTreeMap<&str, Option<Value>> = self.present();
            let known = self.days.clone();
            let (at, key, after) = self.enter(dice, at);
            let before = before.get(key).cloned().flatten();
            match key {
                "status" => fresh.fields.push((at, "status", before, after)),
                key => fresh.params.push((at, key.to_owned(), before, after)),
            }
            fresh.days.extend(self.days.difference(&known));
        }
        fresh
    }

    fn present(&self) -> BTreeMap<&'static str, Option<Value>> {
        self.changes.iter().map(|(_, key, value)| (*key, value.clone())).collect()
    }

    pub(crate) fn days(&self) -> Vec<Date> {
        self.days.iter().copied().collect()
    }

    pub(crate) fn history(&self, zone: &TimeZone) -> History {
        let (mut fields, mut params): (BTreeMap<_, Track>, BTreeMap<String, Track>) = Default::default();
        for (at, key, value) in &self.changes {
            let track = match *key {
                "status" => fields.entry("status".into()).or_default(),
                key => params.entry(key.to_owned()).or_default(),
            };
            track.insert(*at, value.clone());
        }
        let end = |day: &Date| Instant(first_instant(day.tomorrow().unwrap(), zone).0 - 1);
        History { began: self.began, fields, params, days: self.days.iter().map(end).collect(), moment: None }
    }

    pub(crate) fn row(&self, customer: Uuid) -> Row {
        let mut track: BTreeMap<Instant, Status> = BTreeMap::new();
        for (at, _, value) in self.changes.iter().filter(|(_, key, _)| *key == "status") {
            track.insert(*at, value.as_ref().unwrap().as_str().unwrap().parse().unwrap());
        }
        let (mut since, mut status, mut paid): (Option<Instant>, Option<Status>, Option<Instant>) =
            (None, None, None);
        for (at, next) in track {
            if status != Some(next) {
                (since, status) = (Some(at), Some(next));
            }
            paid = paid.or((next == Status::Paid).then_some(at));
        }
        let mut params = Map::new();
        for (key, value) in self.present() {
            if let Some(value) = value.filter(|_| key != "status") {
                params.insert(key.to_owned(), value);
            }
        }
        let time = |instant: Instant| -> Timestamp { instant.timestamp() };
        Row {
            project: self.project,
            customer,
            email: format!("p{}@x.com", self.person),
            user_id: None,
            name: Some("Ada".to_owned()),
            status,
            status_since: since.map(time),
            first_paid: paid.map(time),
            first_seen: time(self.first_seen),
            last_activity: Some(time(self.last_activity)),
            imported: self.imported.map(time),
            params,
        }
    }

    fn moments(&self) -> impl Iterator<Item = Instant> + '_ {
        self.changes
            .iter()
            .map(|(at, _, _)| *at)
            .chain([self.began, self.first_seen, self.last_activity])
            .chain(self.imported)
    }
}

/// A moment close to something that happened; or none, for the present.
pub(crate) fn moment(dice: &mut Dice, lives: &BTreeMap<(Uuid, Uuid), Life>) -> Option<Instant> {
    if dice.chance(40) {
        return None;
    }
    let lives: Vec<&Life> = lives.values().collect();
    let moments: Vec<Instant> = dice.pick(&lives).moments().collect();
    Some(Instant(dice.pick(&moments).0 + dice.pick(&[0, 0, -1, 1, 3_600_000_000])))
}

/// A filter with time in it.
pub(crate) fn filter(dice: &mut Dice, depth: usize) -> String {
    if depth > 0 && dice.chance(45) {
        let (left, right) = (filter(dice, depth - 1), filter(dice, depth - 1));
        return match dice.below(4) {
            0 => format!("({left}) and ({right})"),
            1 => format!("({left}) or ({right})"),
            2 => format!("not ({left})"),
            _ => format!("in project newsletter where ({left})"),
        };
    }
    match dice.below(11) {
        0 => format!("was ({}) on {}", plain(dice, 1), at(dice)),
        8 => format!("was ({}) on {}", plain(dice, 1), either(dice)),
        9 => asked_of_first(dice),
        10 => format!("{} {} {}", dice.pick(&TIMES), comparison(dice), first(dice)),
        1 | 2 => format!("was ({}) in {}", plain(dice, 2), period(dice)),
        3 => format!("was ({})", plain(dice, 1)),
        4 => changed(dice),
        5 => format!("mrr {} in {}", dice.pick(&["increased", "decreased"]), period(dice)),
        6 => format!("seen at least {} days in {}", 1 + dice.below(3), period(dice)),
        _ => plain(dice, 0),
    }
}

fn changed(dice: &mut Dice) -> String {
    let field = *dice.pick(&["plan", "mrr", "status", "params.company.country", "params.company", "tags"]);
    let side = |dice: &mut Dice| match field {
        "status" => (*dice.pick(&["free", "paid", "churned"])).to_owned(),
        "mrr" => (*dice.pick(&["19.90", "29", "100", "missing"])).to_owned(),
        _ => (*dice.pick(&["free", "pro", "null", "missing", "\"DE\"", "5", "2026-03-01"])).to_owned(),
    };
    let from = if dice.chance(40) { format!(" from {}", side(dice)) } else { String::new() };
    let to = if dice.chance(40) { format!(" to {}", side(dice)) } else { String::new() };
    let within = if dice.chance(60) { format!(" in {}", period(dice)) } else { String::new() };
    format!("{field} changed{from}{to}{within}")
}

/// A filter that asks one moment.
pub(crate) fn plain(dice: &mut Dice, depth: usize) -> String {
    if depth > 0 && dice.chance(60) {
        let (left, right) = (plain(dice, depth - 1), plain(dice, depth - 1));
        return match dice.below(4) {
            0 | 1 => format!("({left}) and ({right})"),
            2 => format!("({left}) or ({right})"),
            _ => format!("not ({left})"),
        };
    }
    match dice.below(19) {
        16 | 17 => {
            format!("{} {} {}", dice.pick(&TIMES), comparison(dice), own(dice))
        }
        0 => "plan = pro".to_owned(),
        1 => "plan = free".to_owned(),
        2 => "plan exists".to_owned(),
        3 => "plan is null".to_owned(),
        4 => "plan contains \"o\"".to_owned(),
        5 => "mrr > 19.9".to_owned(),
        6 => "mrr <= 19.90".to_owned(),
        7 => format!("status = {}", dice.pick(&Status::ALL)),
        8 => format!("status_since in {}", period(dice)),
        9 => format!("first_paid < {}", at(dice)),
        10 => "not first_paid exists".to_owned(),
        18 => (*dice.pick(&["imported exists", "not imported exists"])).to_owned(),
        15 => format!("{}imported {} {}", dice.pick(&["", "not "]), comparison(dice), at(dice)),
        11 => "params.company.country = \"DE\"".to_owned(),
        12 => "params.company.size = 3".to_owned(),
        13 => format!("last_activity in {}", period(dice)),
        14 => (*dice.pick(&["tags is array", "tags has \"a\"", "tags has 5", "tags has 2026-03"])).to_owned(),
        _ => format!("first_seen < {}", at(dice)),
    }
}

/// The last activity is told of no moment but one.
const TIMES: [&str; 8] = [
    "first_seen",
    "first_paid",
    "status_since",
    "first_seen",
    "first_paid",
    "status_since",
    "last_activity",
    "imported",
];

/// A time of the customer's own; what happened at a time of the day happened at it of others too.
fn own(dice: &mut Dice) -> String {
    format!("{}{}", dice.pick(&TIMES), shift(dice))
}

fn shift(dice: &mut Dice) -> String {
    (*dice.pick(&["", "", " + 1d", " + 3d", " - 2d", " + 3h", " + 14d", " + 8w", " - 1w"])).to_owned()
}

fn comparison(dice: &mut Dice) -> String {
    (*dice.pick(&["=", "!=", "<", "<=", ">", ">="])).to_owned()
}

/// The first time of something that a customer was, or of a change.
fn first(dice: &mut Dice) -> String {
    let filter = if dice.chance(15) { changed(dice) } else { plain(dice, 1) };
    format!("first ({filter}){}", shift(dice))
}

fn either(dice: &mut Dice) -> String {
    if dice.chance(30) { first(dice) } else { own(dice) }
}

fn asked_of_first(dice: &mut Dice) -> String {
    let filter = plain(dice, 1);
    match dice.below(6) {
        0 => format!("first ({filter}) {} {}", comparison(dice), at(dice)),
        1 => format!("first ({filter}) in {}", period(dice)),
        2 => format!("first ({filter}) {} {}", comparison(dice), first(dice)),
        _ => format!("first ({filter}) {} {}", comparison(dice), own(dice)),
    }
}

fn at(dice: &mut Dice) -> String {
    if dice.chance(50) {
        let instant = time(dice, DAYS);
        return Instant(instant.0 + dice.pick(&[-1, 0, 1])).to_string();
    }
    day(dice).to_string()
}

fn day(dice: &mut Dice) -> Date {
    FIRST.saturating_add((dice.below(DAYS) as i64).days())
}

fn period(dice: &mut Dice) -> String {
    match dice.below(16) {
        0 => (*dice.pick(&["1960-01-01 .. 2026-04-01", "2026-03-01 .. 2200-01-01"])).to_owned(),
        1..4 => (*dice.pick(&["last month", "last 30 days", "last 90 days", "this month", "last 3 months"]))
            .to_owned(),
        _ => {
            let (a, b) = (day(dice), day(dice));
            format!("{} .. {}", a.min(b), a.max(b))
        }
    }
}

/// A question about everything that a life holds.
pub(crate) fn question(dice: &mut Dice) -> Question {
    const FIELDS: [&str; 12] = [
        "params.plan",
        "params.mrr",
        "params.company",
        "params.company.country",
        "params.tags",
        "status",
        "status_since",
        "first_paid",
        "first_seen",
        "last_activity",
        "imported",
        "email",
    ];
    let aggregates =
        ["sum(params.mrr)", "avg(params.mrr)", "median(params.mrr)", "min(params.plan)", "max(first_paid)"];
    let groups = ["month(first_seen)", "week(params.plan)", "bucket(params.mrr, 10)"];
    let field = |dice: &mut Dice| (*dice.pick(&FIELDS)).to_owned();
    let group = if dice.chance(30) { (*dice.pick(&groups)).to_owned() } else { field(dice) };
    let facets =
        *dice.pick(&["auto", "auto, status, params.tags", "status, params.tags, params.company.country", ""]);
    Question {
        select: Part::ALL.to_vec(),
        sort: Sort { field: filter::parse_field(&field(dice)).unwrap(), descending: dice.chance(50) },
        limit: 1 + dice.below(20),
        aggregates: aggregates.iter().filter(|_| dice.chance(40)).map(|text| text.parse().unwrap()).collect(),
        group_by: dice.chance(70).then(|| group.parse().unwrap()),
        group_limit: 1 + dice.below(4),
        facets: facets.parse().unwrap(),
        ..Question::default()
    }
}
