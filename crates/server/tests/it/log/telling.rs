//! The log told anew: whole copies of a relationship's state, kept by the test itself, with each call applied at its date.
//! Nothing here is taken from the program: where the two differ, one of them is wrong.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::people::{Order, People};

/// What is so at a moment, by name: `status`, `name`, `user_id`, `email`, and `params.KEY`. What is not in it is missing.
pub(super) type State = BTreeMap<String, Value>;

/// A project and the e-mail that a relationship has now.
pub(super) type Home = (usize, String);

/// What all calls of a batch share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) version: i64,
    pub(super) now: Timestamp,
}

/// Everything that was told, and what followed.
#[derive(Clone)]
pub(super) struct Telling {
    pub(super) lives: BTreeMap<Home, Life>,
    pub(super) zone: TimeZone,
    pub(super) horizon: Option<Timestamp>,
    pub(super) people: People,
}

/// A relationship.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Life {
    /// In the order in which they hold.
    pub(super) moments: Vec<Moment>,
    pub(super) began: Timestamp,
    pub(super) first_seen: Timestamp,
    pub(super) last_activity: Timestamp,
    /// When it was imported, if that said what is so and not since when.
    pub(super) imported: Option<Timestamp>,
    pub(super) days: BTreeSet<Date>,
    /// The latest version that altered the row or marked a day.
    pub(super) altered: i64,
    /// Since when the status was what it was at the horizon: what was so before has been pruned, and nothing that is told
    /// later can say it again.
    pub(super) status_from: Option<Timestamp>,
}

/// A change, and the whole state that held from it on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    pub(super) version: i64,
    pub(super) received: Timestamp,
    pub(super) created: bool,
    pub(super) dated_by: &'static str,
    pub(super) source: &'static str,
    pub(super) state: State,
    /// The names that were changed here, with what stood there when it was entered.
    pub(super) named: BTreeMap<String, Option<Value>>,
    pub(super) stale: Vec<String>,
    /// When it was told, among those of its batch.
    pub(super) order: Order,
}

/// What a call is answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Stored {
        created: bool,
        /// Whether the row says anything else than before, its activity aside.
        changed: bool,
        stale: Vec<String>,
    },
    Pinged,
    Refused(&'static str),
}

/// A call, the moment that it speaks of, and what it does to each name.
struct Hearing<'a> {
    life: &'a Life,
    at: Timestamp,
    replace: bool,
    /// Whether it is older than what the log still knows.
    pruned: bool,
    entries: BTreeMap<String, Option<Value>>,
    stale: Vec<String>,
}

const EDITS: [&str; 6] = ["params", "unset", "set_once", "increment", "add", "remove"];

impl Telling {
    pub(super) fn new() -> Telling {
        Telling { lives: BTreeMap::new(), zone: TimeZone::UTC, horizon: None, people: People::default() }
    }

    /// Applies a call, which the reader found in order.
    pub(super) fn hear(&mut self, turn: Turn, project: usize, call: &Value, import: bool) -> Said {
        let home = self.home(project, call);
        let call = &self.without_aliases(project, call);
        if call["type"] == "ping" {
            let (at, _) = dated(call, turn.now, false);
            if let Some(life) = home.and_then(|home| self.lives.get_mut(&home)) {
                let times = life.times();
                life.is_met(at);
                life.see(at, &self.zone);
                if life.times() != times {
                    life.altered = turn.version;
                }
            }
            return Said::Pinged;
        }
        match (home, text(call, "email")) {
            (Some(home), _) => self.identify(turn, &home, call, false, import),
            (None, Some(email)) => self.identify(turn, &(project, email), call, true, import),
            (None, None) => Said::Refused("unknown_user"),
        }
    }

    fn identify(&mut self, turn: Turn, home: &Home, call: &Value, created: bool, import: bool) -> Said {
        let (at, dated_by) = dated(call, turn.now, created && import);
        let source = if import { "import" } else { "secret_key" };
        let mut stranger = Life::stranger(at);
        if created {
            stranger.remember(turn, source, past(call, at), &home.1);
        }
        let begins = stranger.moments.is_empty();
        let life = self.lives.get(home).unwrap_or(&stranger);
        let mut hearing = Hearing {
            life,
            at,
            replace: call["replace"] == true,
            pruned: !created && self.horizon.is_some_and(|horizon| at < horizon),
            entries: BTreeMap::new(),
            stale: Vec::new(),
        };
        hearing.fields(call, created && begins, &home.1);
        // It goes where its e-mail is from now on.
        let moves = !created && hearing.entries.contains_key("email") && !hearing.is_late("email");
        let there = if moves { (home.0, text(call, "email").unwrap()) } else { home.clone() };
        if moves && self.lives.contains_key(&there) {
            return Said::Refused("email_taken");
        }
        if hearing.params(call).is_err() {
            return Said::Refused("invalid_fields");
        }
        let Hearing { entries, mut stale, .. } = hearing;
        stale.sort();
        let mut life = self.lives.remove(home).unwrap_or(stranger);
        self.has_moved(home, &there);
        let (row, times) = (life.row(), life.times());
        if !entries.is_empty() {
            let created = created && begins;
            let moment = Moment { created, stale: stale.clone(), ..Moment::new(turn, at, dated_by, source) };
            life.enter(moment, &entries);
        }
        if import && created && begins && dated_by != "caller" {
            life.imported = Some(turn.now);
        }
        let is_news = met(call).is_some_and(|met| met < life.first_seen);
        life.is_told(call, at, import && created && begins, &self.zone);
        if !import {
            life.see(at, &self.zone);
        }
        let changed = life.row() != row || created || is_news;
        let untrue = life.untrue(call, import);
        if let Some(moment) = life.moments.iter_mut().rfind(|moment| moment.is_of(turn, &entries, at)) {
            moment.stale.extend(untrue.clone());
            moment.stale.sort();
        }
        stale.extend(untrue);
        stale.sort();
        if changed || life.times() != times {
            life.altered = turn.version;
        }
        self.lives.insert(there, life);
        Said::Stored { created, changed, stale }
    }

    /// Whom a call speaks of: who has its `user_id` now, else who has its e-mail.
    fn home(&self, project: usize, call: &Value) -> Option<Home> {
        let has = |life: &Life, name: &str| call[name].is_string() && life.now(name) == Some(&call[name]);
        let find = |name: &str| {
            self.lives
                .iter()
                .find(|((place, _), life)| *place == project && has(life, name))
                .map(|(home, _)| home.clone())
        };
        let alias = || self.people.home(project, call).filter(|home| self.lives.contains_key(home));
        find("user_id").or_else(alias).or_else(|| find("email"))
    }

    /// What lies before the horizon is forgotten, but for what was so there.
    pub(super) fn prune(&mut self, horizon: Timestamp) {
        self.horizon = self.horizon.max(Some(horizon));
        for life in self.lives.values_mut() {
            life.status_from = self.horizon.and_then(|horizon| life.status_run(horizon));
        }
    }

    /// A person has another e-mail in every project from now on.
    pub(super) fn relocate(&mut self, turn: Turn, old: &str, new: &str) {
        let homes: Vec<Home> = self.lives.keys().filter(|(_, email)| email == old).cloned().collect();
        for (project, email) in homes {
            let mut life = self.lives.remove(&(project, email)).unwrap();
            let moment = Moment::new(turn, turn.now, "receipt", "import");
            life.enter(moment, &BTreeMap::from([("email".to_owned(), Some(json!(new)))]));
            life.altered = turn.version;
            self.has_moved(&(project, old.to_owned()), &(project, new.to_owned()));
            self.lives.insert((project, new.to_owned()), life);
        }
    }
}

impl Hearing<'_> {
    /// What a call says outside of the params of whoever has `email` now.
    fn fields(&mut self, call: &Value, created: bool, email: &str) {
        if created {
            self.entries.insert("status".to_owned(), Some(json!("free")));
        }
        for name in ["name", "status", "user_id", "email"] {
            // The e-mail that somebody has now only says whom the call is of.
            let says = |value: &String| created || name != "email" || value != email;
            if let Some(value) = text(call, name).filter(says) {
                self.field(name, value.into());
            }
        }
    }

    /// What happens to each key of the params. Fails when a value has not the type that an edit needs.
    fn params(&mut self, call: &Value) -> Result<(), ()> {
        let mut edits: BTreeMap<String, (&str, Value)> = BTreeMap::new();
        for kind in EDITS {
            match &call[kind] {
                Value::Array(keys) => {
                    edits.extend(keys.iter().map(|key| (param(key.as_str().unwrap()), (kind, Value::Null))));
                }
                Value::Object(values) => {
                    edits.extend(values.iter().map(|(key, value)| (param(key), (kind, value.clone()))));
                }
                _ => {}
            }
        }
        for (name, (kind, value)) in &edits {
            self.edit(name, kind, value)?;
        }
        if self.replace {
            let is_param = |name: &&String| name.starts_with("params.") && !edits.contains_key(*name);
            let (then, now) = (self.life.at(self.at), self.life.present());
            let unnamed: BTreeSet<String> = then.keys().chain(now.keys()).filter(is_param).cloned().collect();
            for name in unnamed {
                self.drop(&name);
            }
        }
        Ok(())
    }

    fn edit(&mut self, name: &str, kind: &str, value: &Value) -> Result<(), ()> {
        if self.is_settled(name) {
            self.stale.push(bare(name));
        } else if self.is_late(name) {
            self.stale.push(bare(name));
            let then = self.life.at(self.at).get(name).cloned();
            match kind {
                "params" => self.enter(name, &then, Some(value.clone())),
                "unset" => self.enter(name, &then, None),
                "set_once" if then.is_none() || self.replace => self.enter(name, &then, Some(value.clone())),
                // What it did to the value of then is not known any more.
                _ => {}
            }
        } else {
            let now = self.life.now(name).cloned();
            let base = if self.replace { None } else { now.clone() };
            let value = edited(kind, value, base)?;
            self.enter(name, &now, value);
        }
        Ok(())
    }

    /// A key that a replacing call does not name.
    fn drop(&mut self, name: &str) {
        let (then, now) = (self.life.at(self.at).get(name).cloned(), self.life.now(name).cloned());
        if self.is_settled(name) {
            self.stale.extend(now.map(|_| bare(name)));
        } else if self.is_late(name) {
            self.stale.push(bare(name));
            self.enter(name, &then, None);
        } else {
            self.enter(name, &now, None);
        }
    }

    fn field(&mut self, name: &str, value: Value) {
        let differs = self.life.now(name) != Some(&value);
        if differs && (self.is_settled(name) || self.is_late(name)) {
            self.stale.push(name.to_owned());
        }
        if !self.is_settled(name) {
            let then = self.life.at(self.at).get(name).cloned();
            self.enter(name, &then, Some(value));
        }
    }

    fn enter(&mut self, name: &str, stood: &Option<Value>, value: Option<Value>) {
        if *stood != value {
            self.entries.insert(name.to_owned(), value);
        }
    }

    fn is_late(&self, name: &str) -> bool {
        self.life.moments.iter().any(|moment| moment.at > self.at && moment.named.contains_key(name))
    }

    /// Whether it changed later, and the call is from before what the log still knows.
    fn is_settled(&self, name: &str) -> bool {
        self.pruned && self.is_late(name)
    }
}

impl Life {
    fn stranger(at: Timestamp) -> Life {
        Life {
            moments: Vec::new(),
            began: at,
            first_seen: at,
            last_activity: at,
            imported: None,
            days: BTreeSet::new(),
            altered: 0,
            status_from: None,
        }
    }

    /// Puts a change in its place, after all others of its moment, and carries what it says forward until somebody says
    /// otherwise.
    pub(super) fn enter(&mut self, mut moment: Moment, entries: &BTreeMap<String, Option<Value>>) {
        let place = self.moments.partition_point(|earlier| earlier.at <= moment.at);
        moment.state = self.at(moment.at);
        for (name, value) in entries {
            moment.named.insert(name.clone(), moment.state.get(name).cloned());
            put(&mut moment.state, name, value);
        }
        for (name, value) in entries {
            for later in &mut self.moments[place..] {
                if later.named.contains_key(name) {
                    break;
                }
                put(&mut later.state, name, value);
            }
        }
        self.moments.insert(place, moment);
    }

    /// What somebody's first call tells of the time before it.
    fn remember(
        &mut self,
        turn: Turn,
        source: &'static str,
        statuses: Vec<(Timestamp, Option<&'static str>)>,
        email: &str,
    ) {
        for (at, status) in statuses {
            let created = self.moments.is_empty();
            let mut entries: BTreeMap<String, Option<Value>> = BTreeMap::new();
            if created {
                self.began = at;
                self.first_seen = at;
                self.last_activity = at;
                entries.insert("email".to_owned(), Some(json!(email)));
            }
            match status {
                Some("began") => {}
                status => {
                    entries.insert("status".to_owned(), status.map(|status| json!(status)));
                }
            }
            self.enter(Moment { created, ..Moment::new(turn, at, "caller", source) }, &entries);
        }
    }

    /// When a call was made, and when it tells that somebody was there.
    fn is_told(&mut self, call: &Value, at: Timestamp, begins: bool, zone: &TimeZone) {
        self.is_met(at);
        met(call).into_iter().for_each(|met| self.is_met(met));
        if let Some(seen) = text(call, "last_activity").map(|seen| instant(&seen)) {
            if begins {
                self.last_activity = self.first_seen;
            }
            self.see(seen, zone);
        }
    }

    /// Dates that a call tells and that are not so. An app that is there each time says nothing wrong of when it was.
    fn untrue(&self, call: &Value, import: bool) -> Vec<String> {
        let told = |name: &str, is_untrue: &dyn Fn(Timestamp) -> bool| {
            text(call, name).is_some_and(|told| is_untrue(instant(&told))).then(|| name.to_owned())
        };
        let all = [
            told("first_paid", &|told| Some(told) != self.first_paid()),
            told("status_since", &|told| Some(told) != self.status_since()),
            told("first_seen", &|told| import && told > self.first_seen),
            told("last_activity", &|told| import && told < self.last_activity),
        ];
        all.into_iter().flatten().collect()
    }

    fn is_met(&mut self, at: Timestamp) {
        self.first_seen = self.first_seen.min(at);
    }

    fn see(&mut self, at: Timestamp, zone: &TimeZone) {
        self.last_activity = self.last_activity.max(at);
        self.days.insert(zone.to_datetime(at).date());
    }

    /// What was so at a moment.
    pub(super) fn at(&self, at: Timestamp) -> State {
        self.moments
            .iter()
            .rfind(|moment| moment.at <= at)
            .map(|moment| moment.state.clone())
            .unwrap_or_default()
    }

    pub(super) fn present(&self) -> State {
        self.moments.last().map(|moment| moment.state.clone()).unwrap_or_default()
    }

    pub(super) fn now(&self, name: &str) -> Option<&Value> {
        self.moments.last()?.state.get(name)
    }

    /// The moments that held: the last one of each microsecond.
    pub(super) fn held(&self) -> impl DoubleEndedIterator<Item = &Moment> {
        let next = self.moments.iter().skip(1).map(Some).chain([None]);
        let lasts =
            |(moment, next): &(&Moment, Option<&Moment>)| next.is_none_or(|next| next.at != moment.at);
        let pairs: Vec<_> = self.moments.iter().zip(next).filter(lasts).collect();
        pairs.into_iter().map(|(moment, _)| moment)
    }

    /// Since when the status is what it is.
    pub(super) fn status_since(&self) -> Option<Timestamp> {
        self.status_run(Timestamp::MAX)
    }

    /// Since when the status was what it was at a date, as far as that is known.
    pub(super) fn status_run(&self, at: Timestamp) -> Option<Timestamp> {
        let then = self.at(at);
        let moments = self.held().rev().skip_while(|moment| moment.at > at);
        let run = moments.take_while(|moment| moment.state.get("status") == then.get("status"));
        run.last().map(|moment| self.status_from.map_or(moment.at, |from| from.max(moment.at)))
    }

    /// Every change of a name's value: when, from what and to what. What somebody was born with is none.
    pub(super) fn changes(&self, name: &str) -> Vec<(Timestamp, Option<Value>, Option<Value>)> {
        let mut before = None;
        let mut changes = Vec::new();
        for moment in self.held() {
            let after = moment.state.get(name).cloned();
            if before != after && (before.is_some() || moment.at > self.began) {
                changes.push((moment.at, before, after.clone()));
            }
            before = after;
        }
        changes
    }

    pub(super) fn first_paid(&self) -> Option<Timestamp> {
        self.held().find(|moment| moment.state.get("status") == Some(&json!("paid"))).map(|moment| moment.at)
    }

    pub(super) fn last_change(&self) -> Option<Timestamp> {
        self.moments.last().map(|moment| moment.at)
    }

    /// What the row says of somebody.
    fn row(&self) -> impl PartialEq + use<> {
        (self.present(), self.status_since(), self.first_paid())
    }

    /// What it says of when there was something.
    fn times(&self) -> impl PartialEq + use<> {
        (self.first_seen, self.last_activity, self.last_change(), self.days.len())
    }
}

impl Moment {
    /// Whether it is what a call of that turn has entered.
    fn is_of(&self, turn: Turn, entries: &BTreeMap<String, Option<Value>>, at: Timestamp) -> bool {
        !entries.is_empty()
            && self.version == turn.version
            && self.at == at
            && self.named.keys().eq(entries.keys())
    }

    /// One of nothing yet.
    pub(super) fn new(turn: Turn, at: Timestamp, dated_by: &'static str, source: &'static str) -> Moment {
        Moment {
            at,
            version: turn.version,
            received: turn.now,
            created: false,
            dated_by,
            source,
            state: State::new(),
            named: BTreeMap::new(),
            stale: Vec::new(),
            order: Order::next(),
        }
    }
}

/// When a call happened, and how that is known. An import speaks of when the status came to be, or else of when somebody was
/// met, or is known to have paid before.
fn dated(call: &Value, now: Timestamp, imported: bool) -> (Timestamp, &'static str) {
    let time = |name: &str| text(call, name).map(|text| instant(&text).min(now));
    let paid = time("first_paid");
    let since = time("status_since").or(paid.filter(|_| call["status"] == "paid"));
    let met = met(call).map(|met| met.min(now)).max(paid.map(|paid| paid + MICROSECOND));
    match (time("timestamp"), since, met) {
        (Some(at), ..) => (at, "caller"),
        (None, Some(since), _) if imported => (since, "caller"),
        (None, None, Some(met)) if imported => (met, "first_seen"),
        _ => (now, "receipt"),
    }
}

/// What a call about a stranger tells of the time before `at`, its date: "began", statuses, and where one is not known.
pub(super) fn past(call: &Value, at: Timestamp) -> Vec<(Timestamp, Option<&'static str>)> {
    let time = |name: &str| text(call, name).map(|text| instant(&text));
    let status = ["free", "trial", "paid", "churned"].into_iter().find(|word| call["status"] == **word);
    let (paid, since) = (time("first_paid"), time("status_since"));
    let since = since.or(paid.filter(|_| status == Some("paid")));
    let mut all = Vec::new();
    if let Some(paid) = paid.filter(|paid| *paid < since.unwrap_or(at)) {
        all.push((paid, Some("paid")));
        if let Some(since) = since.filter(|since| status == Some("paid") && *since - MICROSECOND > paid) {
            all.push((since - MICROSECOND, None));
        }
    }
    all.extend(since.filter(|since| *since < at).map(|since| (since, status)));
    if paid.or(since).is_some() {
        let first = all.first().map_or(at, |(at, _)| *at);
        let met = met(call).filter(|met| *met < first);
        all.splice(0..0, met.map(|met| (met, Some("began"))));
    }
    all
}

/// When somebody was there first, as a call tells: if by nothing else, by when they were there last.
fn met(call: &Value) -> Option<Timestamp> {
    text(call, "first_seen").or_else(|| text(call, "last_activity")).map(|text| instant(&text))
}

const MICROSECOND: jiff::SignedDuration = jiff::SignedDuration::from_micros(1);

/// A date and time, to the microsecond.
fn instant(text: &str) -> Timestamp {
    let at: Timestamp = text.parse().unwrap();
    Timestamp::from_microsecond(at.as_nanosecond().div_euclid(1000) as i64).unwrap()
}

/// What an edit makes of a value.
fn edited(kind: &str, by: &Value, value: Option<Value>) -> Result<Option<Value>, ()> {
    let members = match by {
        Value::Array(members) => members.clone(),
        member => vec![member.clone()],
    };
    Ok(match (kind, value) {
        ("params", _) | ("set_once" | "increment", None) => Some(by.clone()),
        ("unset", _) | ("remove", None) => None,
        ("set_once", value) => value,
        ("increment", Some(value)) => {
            let sum = value.as_i64().ok_or(())? + by.as_i64().unwrap();
            Some(sum.into())
        }
        ("remove", Some(Value::Array(all))) => {
            Some(all.into_iter().filter(|member| !members.contains(member)).collect())
        }
        ("add", all @ (None | Some(Value::Array(_)))) => {
            let mut all = all.map(|all| all.as_array().unwrap().clone()).unwrap_or_default();
            for member in members {
                if !all.contains(&member) {
                    all.push(member);
                }
            }
            Some(all.into())
        }
        _ => return Err(()),
    })
}

pub(super) fn put(state: &mut State, name: &str, value: &Option<Value>) {
    match value {
        Some(value) => state.insert(name.to_owned(), value.clone()),
        None => state.remove(name),
    };
}

pub(super) fn text(call: &Value, name: &str) -> Option<String> {
    call[name].as_str().map(str::to_owned)
}

fn param(key: &str) -> String {
    format!("params.{key}")
}

/// A name as an answer lists it.
fn bare(name: &str) -> String {
    name.trim_start_matches("params.").to_owned()
}
