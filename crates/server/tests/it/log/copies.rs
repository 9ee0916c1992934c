//! What the API says of the past, held against the copies that [`super::telling`] keeps: nothing here is taken from the
//! log, nor from what answers the API.

use std::collections::{BTreeMap, BTreeSet};

use filter::{
    calendar::{day_of, first_instant},
    value::Instant,
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Map, Value, json};

use super::{
    Play,
    held::same,
    questions::Asker,
    telling::{Life, State},
};

/// Instants, and filters about two of them each, after each sequence.
const INSTANTS: usize = 6;

impl Play {
    /// Whether the API says of the past what was told of it.
    pub(super) async fn copies(&self, rng: &mut StdRng, asker: &Asker<'_>) -> Result<(), String> {
        for _ in 0..INSTANTS {
            let moment = asker.instant(rng).timestamp();
            for project in 0..self.projects.len() {
                self.everybody_at(project, moment).await?;
            }
            let mut ends = [moment, asker.instant(rng).timestamp()];
            ends.sort_unstable();
            self.filters_about(rng, ends).await?;
        }
        Ok(())
    }

    /// Whether everybody of a project was what was told, and the catalogue of their params with them.
    async fn everybody_at(&self, project: usize, moment: Timestamp) -> Result<(), String> {
        let lives = self.lives(project).filter(|(_, life)| life.first_seen <= moment);
        let told: Vec<Value> = lives.map(|(email, life)| self.then(email, life, moment)).collect();
        let body = json!({ "as_of": moment, "limit": 1000, "sort": "email" });
        let held: Vec<Value> = self.people(project, &body).await.iter().map(flat).collect();
        let emails = |all: &[Value]| all.iter().map(|one| one["email"].clone()).collect::<Vec<_>>();
        let what = format!("project {project} as of {moment}");
        same(&what, emails(&told), emails(&held))?;
        let mut coverage: BTreeMap<String, u64> = BTreeMap::new();
        for (told, held) in told.iter().zip(held) {
            same(&what, told, &held)?;
            for key in told["params"].as_object().unwrap().keys() {
                *coverage.entry(format!("params.{key}")).or_default() += 1;
            }
        }
        let path = format!("/v1/params?as_of={moment}");
        let catalogue = self.server.call(&self.keys[project], "GET", &path, String::new()).await.expect(200);
        let paths = catalogue["params"].as_array().unwrap().iter();
        let path = |path: &Value| Some((path["field"].as_str()?.to_owned(), path["coverage"].as_u64()?));
        // Of what lies within a value the values say enough.
        let found = paths.filter_map(path).filter(|(path, _)| path.matches('.').count() == 1).collect();
        same(&format!("params of {what}"), coverage, found)
    }

    fn lives(&self, project: usize) -> impl Iterator<Item = (&String, &Life)> {
        let here = self.telling.lives.iter().filter(move |((place, _), _)| *place == project);
        here.map(|((_, email), life)| (email, life))
    }

    async fn people(&self, project: usize, body: &Value) -> Vec<Value> {
        let mut body = body.clone();
        body["min_version"] = json!(self.version().await);
        let answer = self.server.call(&self.keys[project], "POST", "/v1/query", body.to_string()).await;
        answer.expect(200)["customers"].as_array().unwrap().clone()
    }

    /// What a relationship was.
    fn then(&self, email: &str, life: &Life, moment: Timestamp) -> Value {
        let state = life.at(moment);
        let zone = &self.telling.zone;
        let ends = life.days.iter().map(|day| first_instant(*day + 1.day(), zone).0 - 1);
        let ended =
            ends.filter(|end| *end <= moment.as_microsecond()).max().map(|end| Instant(end).timestamp());
        let seen = Some(life.last_activity).filter(|seen| *seen <= moment).or(ended);
        let prefix = "params.";
        let params: Map<String, Value> = state
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone())))
            .collect();
        json!({
            "email": email,
            "status": state.get("status"),
            "status_since": state.get("status").and_then(|_| life.status_run(moment)),
            "first_paid": life.first_paid().filter(|paid| *paid <= moment),
            "first_seen": life.first_seen,
            "last_activity": seen,
            "params": params,
        })
    }

    /// Filters about two moments and what lies between them.
    async fn filters_about(&self, rng: &mut StdRng, [from, to]: [Timestamp; 2]) -> Result<(), String> {
        let zone = &self.telling.zone;
        let days = [from, to].map(|end| day_of(end, zone));
        let (name, wanted) =
            *[("status", "paid"), ("params.plan", "pro"), ("params.plan", "free")].choose(rng).unwrap();
        let is = move |state: &State| state.get(name) == Some(&json!(wanted));
        let both = move |state: &State| is(state) && state.contains_key("params.n");
        let horizon = self.telling.horizon;
        let after = |at: Timestamp| from <= at && at <= to && horizon.is_none_or(|horizon| at > horizon);
        let number = |life: &Life, at: Timestamp| match life.first_seen <= at {
            true => life.at(at).get("params.n").and_then(Value::as_i64),
            false => None,
        };
        let before = from - SignedDuration::from_micros(1);
        let before = before.max(horizon.unwrap_or(before));
        let project = usize::from(rng.random_bool(0.3));
        type Truth<'t> = &'t dyn Fn(&Life) -> bool;
        let filters: [(String, Truth<'_>); 7] = [
            (format!("was ({name} = {wanted}) on {to}"), &|life| was(life, to, &is)),
            (format!("not was ({name} = {wanted}) on {to}"), &|life| !was(life, to, &is)),
            (format!("was ({name} = {wanted} and params.n exists) in {from} .. {to}"), &|life| {
                let moments = life.held().map(|moment| moment.at).chain([from, life.first_seen]);
                moments.into_iter().any(|at| from <= at && at <= to && was(life, at, &both))
            }),
            (format!("{name} changed to {wanted} in {from} .. {to}"), &|life| {
                let mut all = life.changes(name).into_iter();
                all.any(|(at, _, value)| after(at) && value == Some(json!(wanted)))
            }),
            (format!("{name} changed from {wanted} in {from} .. {to}"), &|life| {
                let mut all = life.changes(name).into_iter();
                all.any(|(at, value, _)| after(at) && value == Some(json!(wanted)))
            }),
            (format!("params.n increased in {from} .. {to}"), &|life| {
                number(life, before).zip(number(life, to)).is_some_and(|(before, after)| before < after)
            }),
            (format!("seen in {} .. {}", days[0], days[1]), &|life| {
                life.days.iter().any(|day| days[0] <= *day && *day <= days[1])
            }),
        ];
        for (filter, truth) in filters {
            // Of what was before the horizon nothing can be asked.
            let starts = first_instant(days[0], zone).timestamp();
            let unknown = |at: Timestamp| horizon.is_some_and(|horizon| at < horizon);
            if filter.starts_with("seen") && unknown(starts) {
                continue;
            }
            let told: BTreeSet<&String> =
                self.lives(project).filter(|(_, life)| truth(life)).map(|(email, _)| email).collect();
            let people = self.people(project, &json!({ "filter": filter, "limit": 1000 })).await;
            let held: BTreeSet<String> =
                people.iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect();
            same(&format!("{filter} in project {project}"), told, held.iter().collect())?;
        }
        Ok(())
    }
}

/// Whether something was true of somebody at a moment.
fn was(life: &Life, at: Timestamp, truth: &dyn Fn(&State) -> bool) -> bool {
    life.first_seen <= at && truth(&life.at(at))
}

/// A customer of one relationship, without what is not told.
fn flat(one: &Value) -> Value {
    let only = &one["relationships"][0];
    let mut flat = json!({ "email": one["email"] });
    for name in ["status", "status_since", "first_paid", "first_seen", "last_activity", "params"] {
        flat[name] = only[name].clone();
    }
    flat
}
