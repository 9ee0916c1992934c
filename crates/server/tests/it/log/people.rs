//! The telling's people: who is merged with whom, under what names they are found, and what was set right.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::telling::{Home, Life, Moment, State, Telling, Turn, past, put, text};

/// When something was told; of two tellings of the same it makes no difference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order(u64);

impl Order {
    pub(super) fn next() -> Order {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Order(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

impl PartialEq for Order {
    fn eq(&self, _: &Order) -> bool {
        true
    }
}

/// Names that are not anybody's own, each with the e-mail of whom it means.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct People {
    emails: BTreeMap<String, String>,
    user_ids: BTreeMap<(usize, String), String>,
}

/// What there was before a merge, and after it.
pub(super) struct Merge {
    pub(super) keep: String,
    pub(super) other: String,
    touched: Vec<usize>,
    before: (BTreeMap<Home, Life>, People),
    after: BTreeMap<Home, Life>,
}

impl People {
    /// Whom a call means by a name that is an alias.
    pub(super) fn home(&self, project: usize, call: &Value) -> Option<Home> {
        let user = || self.user_ids.get(&(project, text(call, "user_id")?));
        let email = || self.emails.get(&text(call, "email")?);
        Some((project, user().or_else(email)?.clone()))
    }

    /// Whose an e-mail is.
    pub(super) fn own(&self, email: &str) -> String {
        self.emails.get(email).cloned().unwrap_or_else(|| email.to_owned())
    }
}

impl Telling {
    /// A call without what only says, by an alias, whom it means.
    pub(super) fn without_aliases(&self, project: usize, call: &Value) -> Value {
        let mut call = call.clone();
        if let Some(email) = text(&call, "email") {
            call["email"] = json!(self.people.own(&email));
        }
        let user = text(&call, "user_id").map(|user_id| (project, user_id));
        if user.is_some_and(|user| self.people.user_ids.contains_key(&user)) {
            call.as_object_mut().unwrap().remove("user_id");
        }
        call
    }

    /// A life has left its home, and is not yet in the next one.
    pub(super) fn has_moved(&mut self, from: &Home, to: &Home) {
        if from == to {
            return;
        }
        for ((project, _), email) in &mut self.people.user_ids {
            if (*project, &*email) == (from.0, &from.1) {
                email.clone_from(&to.1);
            }
        }
        if !self.lives.keys().any(|(_, email)| *email == from.1) {
            self.people
                .emails
                .values_mut()
                .filter(|email| **email == from.1)
                .for_each(|email| email.clone_from(&to.1));
        }
    }

    /// Lives have been taken out: names of nobody go.
    pub(super) fn forget(&mut self) {
        let lives = &self.lives;
        self.people.user_ids.retain(|(project, _), email| lives.contains_key(&(*project, email.clone())));
        self.people.emails.retain(|_, own| lives.keys().any(|(_, email)| email == own));
    }

    /// Two people become one.
    pub(super) fn merge(&mut self, turn: Turn, keep: &str, other: &str) -> Merge {
        let before = (self.lives.clone(), self.people.clone());
        let theirs: Vec<usize> =
            self.lives.keys().filter(|(_, email)| email == other).map(|(project, _)| *project).collect();
        for project in theirs.iter().copied() {
            let their = self.lives.remove(&(project, other.to_owned())).unwrap();
            let own = self.lives.remove(&(project, keep.to_owned()));
            let ids: Vec<String> = own.iter().chain([&their]).filter_map(user_id).collect();
            let mut life = own.map_or(their.clone(), |own| own.joined(their, turn.now));
            let mut moment = Moment::new(turn, turn.now, "receipt", "import");
            moment.named.insert("email".to_owned(), None);
            life.enter(moment, &BTreeMap::from([("email".to_owned(), Some(json!(keep)))]));
            let last = life.moments.last_mut().unwrap();
            last.named.insert("email".to_owned(), Some(json!(other)));
            life.altered = turn.version;
            let lost = ids.into_iter().filter(|id| user_id(&life).as_ref() != Some(id));
            self.people.user_ids.extend(lost.map(|id| ((project, id), keep.to_owned())));
            self.lives.insert((project, keep.to_owned()), life);
        }
        self.people
            .user_ids
            .values_mut()
            .filter(|email| *email == other)
            .for_each(|email| keep.clone_into(email));
        self.people
            .emails
            .values_mut()
            .filter(|email| *email == other)
            .for_each(|email| keep.clone_into(email));
        self.people.emails.insert(other.to_owned(), keep.to_owned());
        let after = self.lives.clone();
        Merge { keep: keep.to_owned(), other: other.to_owned(), touched: theirs, before, after }
    }

    /// A merge is undone, which must have been touched by nobody.
    pub(super) fn undo(&mut self, turn: Turn, merge: &Merge) -> Result<(), String> {
        for project in &merge.touched {
            let home = (*project, merge.keep.clone());
            super::held::same("what nobody touched", merge.after.get(&home), self.lives.get(&home))?;
            self.lives.remove(&home);
            for email in [&merge.keep, &merge.other] {
                let home = (*project, email.clone());
                if let Some(life) = merge.before.0.get(&home) {
                    self.lives.insert(home, Life { altered: turn.version, ..life.clone() });
                }
            }
        }
        // Others may have got or lost names meanwhile.
        let (was, is) = (&merge.before.1, &mut self.people);
        is.emails.remove(&merge.other);
        let back = was.emails.iter().filter(|(_, own)| **own == merge.other);
        is.emails.extend(back.map(|(alias, own)| (alias.clone(), own.clone())));
        is.user_ids.retain(|(project, _), own| !(merge.touched.contains(project) && *own == merge.keep));
        let back = was.user_ids.iter().filter(|((project, _), own)| {
            merge.touched.contains(project) && [&merge.keep, &merge.other].contains(own)
        });
        is.user_ids.extend(back.map(|(alias, own)| (alias.clone(), own.clone())));
        Ok(())
    }

    /// Somebody knows better when things were.
    pub(super) fn correct(&mut self, turn: Turn, home: &Home, right: &Value) {
        let life = self.lives.get_mut(home).unwrap();
        let told = ["first_paid", "status_since"].into_iter().filter_map(|name| text(right, name));
        let earliest = told.map(|at| at.parse().unwrap()).min();
        life.first_seen = earliest.map_or(life.first_seen, |at| life.first_seen.min(at));
        if let Some(seen) = text(right, "first_seen") {
            life.first_seen = seen.parse().unwrap();
            life.last_activity = life.last_activity.max(life.first_seen);
        }
        if right["first_paid"].is_string() || right["status_since"].is_string() {
            let time = |name: &str, is: Option<Timestamp>| text(right, name).or(is.map(|at| at.to_string()));
            let told = json!({
                "status": life.now("status"), "first_paid": time("first_paid", life.first_paid()),
                "status_since": time("status_since", life.status_since()),
            });
            for moment in &mut life.moments {
                moment.named.remove("status");
            }
            life.moments.retain(|moment| moment.created || !moment.named.is_empty());
            life.retell();
            life.status_from = None;
            life.imported = None;
            for (at, status) in past(&told, Timestamp::MAX) {
                let entries = BTreeMap::from([("status".to_owned(), status.map(|status| json!(status)))]);
                life.enter(Moment::new(turn, at, "caller", "import"), &entries);
            }
        }
        life.altered = turn.version;
    }
}

impl Life {
    /// One with another of the same project: of one moment it is this one's word that holds.
    fn joined(mut self, mut other: Life, now: Timestamp) -> Life {
        let (own, their) = (self.first_paid(), other.first_paid());
        let later = if self.began > other.began { &mut self } else { &mut other };
        for birth in later.moments.iter_mut().filter(|moment| moment.created) {
            birth.created = false;
            if birth.state.get("status") == Some(&json!("free")) {
                birth.named.remove("status");
            }
        }
        if let Some(paid) = their.filter(|paid| own.is_none_or(|own| *paid < own)) {
            self.step_aside(paid, &other, now);
        }
        let own: BTreeSet<(Timestamp, String)> = self
            .moments
            .iter()
            .flat_map(|moment| moment.named.keys().map(|name| (moment.at, name.clone())))
            .collect();
        for moment in &mut other.moments {
            moment.named.retain(|name, _| name == "email" || !own.contains(&(moment.at, name.clone())));
        }
        let (mut earlier, mut later) = if self.began > other.began { (other, self) } else { (self, other) };
        earlier.moments.append(&mut later.moments);
        earlier.moments.retain(|moment| moment.created || !moment.named.is_empty());
        earlier.moments.sort_by_key(|moment| (moment.at, moment.version, moment.order.0));
        earlier.retell();
        earlier.first_seen = earlier.first_seen.min(later.first_seen);
        earlier.last_activity = earlier.last_activity.max(later.last_activity);
        earlier.days.append(&mut later.days);
        earlier
    }

    /// The other paid at a moment, for the first time: what the status was here comes right after it.
    fn step_aside(&mut self, paid: Timestamp, other: &Life, now: Timestamp) {
        let is_told = |moment: &&mut Moment| moment.at == paid && moment.named.contains_key("status");
        let mut last: Option<Moment> = None;
        for moment in self.moments.iter_mut().filter(is_told) {
            let named = moment.named.remove_entry("status").into_iter().collect();
            last = Some(Moment { named, created: false, stale: Vec::new(), ..moment.clone() });
        }
        let next = paid + SignedDuration::from_micros(1);
        let all = self.moments.iter().chain(&other.moments);
        let taken = all.filter(|moment| moment.at == next).any(|moment| moment.named.contains_key("status"));
        if let Some(moment) = last.filter(|_| !taken && next <= now) {
            let place = self.moments.partition_point(|earlier| earlier.at <= next);
            self.moments.insert(place, Moment { at: next, ..moment });
        }
    }

    /// Says anew what was so at each moment, by what each has changed.
    fn retell(&mut self) {
        let mut state = State::new();
        for moment in &mut self.moments {
            for name in moment.named.keys() {
                put(&mut state, name, &moment.state.get(name).cloned());
            }
            moment.state.clone_from(&state);
        }
    }
}

fn user_id(life: &Life) -> Option<String> {
    Some(life.now("user_id")?.as_str().unwrap().to_owned())
}
