//! What a relationship was, as it is told: change by change. Of each path it is kept what it became and when, and of no value
//! what lies inside, so a long log of long values takes no more memory than the index will.

use std::collections::BTreeMap;

use filter::{History, value::Instant};
use hashbrown::HashMap;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{
    NAMES,
    column::number,
    lists,
    paths::{differing, field_key, inside, is_digest},
    track::ENDLESS,
};

/// What a path of a row became, and when: a value, an empty array, an empty object, the text of what a list held, or nothing.
pub(super) type Became = Vec<(Instant, Option<Value>)>;

/// What is known of a relationship, on its way into the past of its row.
#[derive(Clone, Debug)]
pub struct Lived {
    pub(super) began: Instant,
    /// The paths that have changed after it began; `None` of those that change without end. Built-in fields stand
    /// among them under their own keys.
    pub(super) paths: Vec<(String, Option<Became>)>,
    /// The days on which it was seen.
    pub(super) days: Vec<u16>,
}

/// A relationship's past while it is told.
#[derive(Default)]
pub struct Life {
    fields: HashMap<&'static str, Story>,
    params: HashMap<String, Story>,
    days: Vec<u16>,
    bytes: usize,
}

/// What is told of one name.
#[derive(Default)]
struct Story {
    /// What was told last: another word of the same time takes its place.
    last: Option<(Instant, Option<Value>)>,
    /// What it was before that.
    before: Option<Value>,
    paths: BTreeMap<String, Option<Became>>,
}

/// About what an entry takes beside its text.
const ENTRY: usize = 64;

impl Life {
    /// A field became something; of one name what comes later must be told later.
    pub fn field(&mut self, at: Instant, name: &'static str, after: Option<Value>) {
        self.fields.entry(name).or_default().tell("", at, after, &mut self.bytes);
    }

    /// A key of the params became something.
    pub fn param(&mut self, at: Instant, key: &str, after: Option<Value>) {
        if let Some(story) = self.params.get_mut(key) {
            return story.tell(key, at, after, &mut self.bytes);
        }
        self.bytes += key.len() + ENTRY;
        self.params.entry(key.to_owned()).or_default().tell(key, at, after, &mut self.bytes);
    }

    /// It was seen on a day.
    pub fn see(&mut self, day: Date) {
        self.days.extend(number(day));
    }

    /// Bytes in memory, about.
    pub fn bytes(&self) -> usize {
        self.bytes + self.days.len() * size_of::<u16>()
    }

    /// All of it, of a relationship that began then.
    pub fn whole(mut self, began: Instant) -> Lived {
        let mut paths = Vec::new();
        let fields = self.fields.drain().map(|(name, story)| (String::new(), Some(name), story));
        let params = self.params.drain().map(|(key, story)| (key, None, story));
        for (key, field, mut story) in fields.chain(params) {
            // Mostly it has been so since it was born, with all that lies inside.
            if story.paths.is_empty() && story.last.as_ref().is_some_and(|(at, _)| *at == began) {
                continue;
            }
            story.settle(&key, &mut self.bytes);
            if field.is_none() && story.before.as_ref().is_some_and(is_digest) {
                // What stands is whole, and the log does not say what lies inside.
                paths.push((inside(&key), None));
            }
            for (path, turns) in story.paths {
                let born = turns.as_ref().is_some_and(|turns| turns.len() == 1 && turns[0].0 == began);
                // Nothing lies inside a field.
                if !born && (field.is_none() || path.is_empty()) {
                    paths.push((field.map_or(path, field_key), turns));
                }
            }
        }
        Lived { began, paths, days: self.days }
    }
}

impl Story {
    fn tell(&mut self, key: &str, at: Instant, after: Option<Value>, bytes: &mut usize) {
        *bytes += weight(after.as_ref());
        match &mut self.last {
            Some((last, value)) if *last == at => {
                *bytes -= weight(value.as_ref());
                *value = after;
            }
            _ => {
                self.settle(key, bytes);
                self.last = Some((at, after));
            }
        }
    }

    /// What was told last is what it was: enters the paths that it has changed.
    fn settle(&mut self, key: &str, bytes: &mut usize) {
        let Some((at, after)) = self.last.take() else { return };
        let Story { before, paths, .. } = self;
        differing(key, [before.as_ref(), after.as_ref()], &mut |path, [_, value]| {
            if !paths.contains_key(path) {
                *bytes += path.len() + ENTRY;
                paths.insert(path.to_owned(), Some(Became::new()));
            }
            let Some(turns) = paths.get_mut(path) else { return };
            match turns {
                Some(kept) if kept.len() == ENDLESS => {
                    *bytes -= weigh(kept);
                    *turns = None;
                }
                Some(kept) => {
                    kept.push((at, value.map(|value| shallow(path, value))));
                    *bytes += kept.last().map_or(0, weigh_turn);
                }
                None => {}
            }
        });
        *bytes -= weight(self.before.as_ref());
        self.before = after;
    }
}

impl Lived {
    /// What a history tells, and the days on which it was seen.
    pub fn of(history: &History, days: &[Date]) -> Lived {
        let mut life = Life::default();
        for (name, track) in &history.fields {
            let Some(name) = NAMES.into_iter().find(|known| known == name) else { continue };
            track.iter().for_each(|(at, value)| life.field(*at, name, value.clone()));
        }
        for (key, track) in &history.params {
            track.iter().for_each(|(at, value)| life.param(*at, key, value.clone()));
        }
        days.iter().for_each(|day| life.see(*day));
        life.whole(history.began)
    }

    /// Bytes in memory, about.
    pub fn bytes(&self) -> usize {
        let path = |(path, turns): &(String, Option<Became>)| {
            path.len() + ENTRY + turns.as_ref().map_or(0, |turns| weigh(turns))
        };
        self.paths.iter().map(path).sum::<usize>() + self.days.len() * size_of::<u16>()
    }
}

/// A value without what lies inside, which is other paths' business.
fn shallow(path: &str, value: &Value) -> Value {
    match value {
        Value::Array(_) if lists::path(path).is_some() => Value::String(lists::text(value)),
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Object(_) => Value::Object(Map::new()),
        scalar => scalar.clone(),
    }
}

fn weigh(turns: &[(Instant, Option<Value>)]) -> usize {
    turns.iter().map(weigh_turn).sum()
}

fn weigh_turn((_, value): &(Instant, Option<Value>)) -> usize {
    ENTRY + weight(value.as_ref())
}

/// About what a value takes beside its entry.
fn weight(value: Option<&Value>) -> usize {
    match value {
        None | Some(Value::Null | Value::Bool(_)) => 0,
        Some(Value::Number(number)) => number.as_str().len(),
        Some(Value::String(text)) => text.len(),
        Some(Value::Array(members)) => members.iter().map(|member| ENTRY + weight(Some(member))).sum(),
        Some(Value::Object(object)) => {
            object.iter().map(|(key, value)| key.len() + ENTRY + weight(Some(value))).sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_changes_without_end_takes_no_memory_without_end() {
        let counted = |times: i64| {
            let mut life = Life::default();
            for n in 0..times {
                life.param(
                    Instant(n),
                    "use",
                    Some(json!({ "n": n, "plan": if n < 7 { "free" } else { "pro" } })),
                );
            }
            let bytes = life.bytes();
            let mut paths: Vec<_> = life.whole(Instant(0)).paths;
            paths.sort_by(|(one, _), (other, _)| one.cmp(other));
            let kept = paths.into_iter().map(|(path, turns)| (path, turns.map(|turns| turns.len())));
            (bytes, kept.collect::<Vec<_>>())
        };
        let paths = |count| ["use", "use\0n"].map(|path| (path.to_owned(), count)).to_vec();
        let plan = ("use\0plan".to_owned(), Some(2));
        let (full, kept) = counted(1_000);
        assert_eq!(kept, [paths(Some(1_000)), vec![plan.clone()]].concat());
        let (bytes, kept) = counted(20_000);
        assert_eq!(kept, [paths(None), vec![plan]].concat());
        assert!(bytes < full / 50, "{bytes} of {full}");
    }

    #[test]
    fn of_one_time_the_last_word_counts() {
        let mut life = Life::default();
        for (at, value) in
            [(1, json!("a")), (5, json!("b")), (5, json!("a")), (9, json!(19.9)), (9, json!("c"))]
        {
            life.param(Instant(at), "k", Some(value));
        }
        let turns = vec![(Instant(1), Some(json!("a"))), (Instant(9), Some(json!("c")))];
        assert_eq!(life.whole(Instant(1)).paths, [("k".to_owned(), Some(turns))]);
    }
}
