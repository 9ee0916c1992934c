//! The index against the reference on what was: random lives, told to the index at once, on top, or anew, with chunks merged
//! in between; then random filters, moments and questions.
//!
//! `ORACLE_CASES=1000000 cargo test -p index --test past --release` runs the long form; a failure prints its seed, with which
//! `ORACLE_SEED=…` begins.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test is a panic; what was counted is told"
)]

#[path = "../../filter/tests/it/generator/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the file is shared with tests that use more of it")]
mod generator;
#[path = "past/insights/mod.rs"]
mod insights;
#[path = "past/life.rs"]
mod life;
#[path = "past/series.rs"]
mod series;
#[path = "../../filter/tests/it/table.rs"]
#[allow(dead_code, reason = "the file is shared with tests that use more of it")]
mod table;

use std::collections::{BTreeMap, HashMap};

use filter::{Document, Predicate, check, value::Instant};
use generator::Dice;
use index::{
    Answer, Entered, Index, Lived, Prepared, Project, Question, Row, Scope, Untold,
    reference::{self, Customer},
};
use jiff::tz::TimeZone;
use life::{Life, NOW};
use table::{Catalogue, PROJECTS, project_id};
use uuid::Uuid;

/// Questions of the normal run, people of a sequence, its steps, and the questions after each step.
const CASES: u64 = 20_000;
const PEOPLE: usize = 12;
const STEPS: usize = 10;
const QUESTIONS: usize = 20;

/// Zones whose days begin at odd moments.
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu"];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_index_knows_what_was_after_any_sequence() {
    let cases = number("ORACLE_CASES").unwrap_or(CASES);
    let mut seed = number("ORACLE_SEED").unwrap_or(1);
    let (mut asked, mut about, mut told) = (0, 0, 0);
    while asked < cases {
        let mut dice = Dice::new(seed);
        let mut world = World::new(&mut dice);
        for _ in 0..STEPS {
            world.step(&mut dice);
            for _ in 0..QUESTIONS {
                let (text, moment) = (life::filter(&mut dice, 2), life::moment(&mut dice, &world.lives));
                let question = life::question(&mut dice);
                match world.ask(&text, moment, &question, &format!("ORACLE_SEED={seed}")) {
                    Asked::Refused => continue,
                    Asked::Untold => {}
                    Asked::Told(found) => {
                        told += 1;
                        about += u64::from(found > 0);
                    }
                }
                asked += 1;
            }
        }
        world.check(&format!("ORACLE_SEED={seed}"));
        seed += 1;
    }
    println!("{asked} questions, {told} answered from memory, {about} of them about somebody");
    assert!(
        told > asked / 2 && about > told / 4,
        "{told} of {asked} answered, {about} about anybody: that says little"
    );
}

#[test]
fn many_moments_at_once_are_each_of_them() {
    let cases = number("ORACLE_CASES").unwrap_or(CASES) / 8;
    let mut seed = number("ORACLE_SEED").unwrap_or(1);
    let (mut asked, mut points, mut told) = (0, 0, 0);
    while asked < cases {
        let mut dice = Dice::new(seed);
        let mut world = World::new(&mut dice);
        for _ in 0..STEPS {
            world.step(&mut dice);
            for _ in 0..QUESTIONS / 4 {
                let text =
                    if dice.chance(50) { life::plain(&mut dice, 2) } else { life::filter(&mut dice, 2) };
                let (question, moments) = (series::question(&mut dice), series::moments(&mut dice, &world));
                match world.ask_series(&text, &question, &moments, &format!("ORACLE_SEED={seed}")) {
                    Asked::Refused => continue,
                    Asked::Untold => {}
                    Asked::Told(found) => {
                        told += 1;
                        points += found;
                    }
                }
                asked += 1;
            }
        }
        seed += 1;
    }
    println!("{asked} series, {told} answered from memory, of {points} points");
    assert!(
        told > asked / 2 && points > told * 3,
        "{told} of {asked} answered, {points} points: that says little"
    );
}

/// What became of a question.
enum Asked {
    /// The filter makes no sense at that moment, or no moment was named.
    Refused,
    /// The index says that it cannot tell.
    Untold,
    /// Both sides say the same, of so many.
    Told(u64),
}

/// People on both sides.
struct World {
    zone: TimeZone,
    lives: BTreeMap<(Uuid, Uuid), Life>,
    index: Index,
    version: i64,
    /// The parts that are still to be told their past.
    untold: Vec<Untold>,
}

impl World {
    fn new(dice: &mut Dice) -> World {
        let zone = TimeZone::get(ZONES[dice.below(ZONES.len())]).unwrap();
        let mut world =
            World { zone, lives: BTreeMap::new(), index: Index::default(), version: 0, untold: Vec::new() };
        for person in 0..PEOPLE {
            for slug in PROJECTS.iter().take(1 + dice.below(3)) {
                let project = project_id(slug).unwrap();
                world.lives.insert((project, id(person)), Life::new(dice, project, person));
            }
        }
        let rows: Vec<Row> = world.lives.iter().map(|((_, customer), life)| life.row(*customer)).collect();
        world.index.apply(1, Prepared::new(&rows), &[]);
        world.version = 1;
        world
    }

    /// Tells the index its past, some of it now and some of it after more has happened.
    fn recall(&mut self, dice: &mut Dice) {
        if self.index.remembers() && dice.chance(3) {
            self.index.forget_past();
        }
        while !self.index.remembers() && dice.chance(90) {
            match self.untold.pop() {
                Some(mut untold) => {
                    for (row, customer) in untold.rows() {
                        // Who is gone by now has no log.
                        if let Some(life) = self.lives.get(&(untold.project(), customer)) {
                            untold.tell(row, &Lived::of(&life.history(&self.zone), &life.days()));
                        }
                    }
                    self.index.tell(untold.finish());
                }
                None if self.index.remember() => assert!(self.index.snapshot().remembers()),
                None => self.untold = self.index.untold(),
            }
        }
    }

    /// Something happens: a batch, of changes on top or late, a new person, somebody erased, a merge; meanwhile the index
    /// learns the past.
    fn step(&mut self, dice: &mut Dice) {
        self.recall(dice);
        self.version += 1;
        let (mut rows, mut entered, mut removed) = (Vec::new(), HashMap::new(), Vec::new());
        for _ in 0..1 + dice.below(4) {
            let places: Vec<(Uuid, Uuid)> = self.lives.keys().copied().collect();
            let place = *dice.pick(&places);
            if entered.contains_key(&place) || removed.contains(&place) {
                continue;
            }
            if dice.chance(10) && places.len() > 4 {
                self.lives.remove(&place);
                removed.push(place);
                continue;
            }
            if dice.chance(10) {
                let place = (place.0, id(100 + dice.below(40)));
                if !self.lives.contains_key(&place) {
                    let life = Life::new(dice, place.0, 100);
                    entered.insert(place, Entered::Whole(Lived::of(&life.history(&self.zone), &life.days())));
                    rows.push(life.row(place.1));
                    self.lives.insert(place, life);
                }
                continue;
            }
            let Some(life) = self.lives.get_mut(&place) else { continue };
            let news = if dice.chance(70) {
                Entered::Fresh(life.goes_on(dice))
            } else {
                life.late(dice);
                Entered::Whole(Lived::of(&life.history(&self.zone), &life.days()))
            };
            entered.insert(place, news);
            rows.push(life.row(place.1));
        }
        self.index.apply(self.version, Prepared::new(&rows).with_past(entered), &removed);
        if let Some(merge) = self.index.merge().filter(|_| dice.chance(60)) {
            self.index.install(merge.run());
        }
    }

    /// Asks both sides everything, as of a moment or of the present.
    fn ask(&self, text: &str, moment: Option<Instant>, question: &Question, what: &str) -> Asked {
        let expr = filter::parse(text).unwrap_or_else(|error| panic!("{}", error.caret(text)));
        let now = moment.map_or_else(|| NOW.parse().unwrap(), Instant::timestamp);
        let names = Catalogue::default();
        let scope =
            filter::Scope { now, horizon: None, zone: self.zone.clone(), names: &names, account_wide: true };
        let Ok(predicate) = check(&expr, &scope) else { return Asked::Refused };
        let snapshot = self.index.snapshot();
        if !snapshot.can_tell(predicate.root(), moment.is_some()) {
            return Asked::Untold;
        }
        let question = &question.clone().lifted(&expr, &predicate);
        let what = format!("{what}: {text} as of {moment:?} in {:?}\n{question:?}", self.zone);
        let rows = PROJECTS.map(|slug| project_id(slug).unwrap());
        let expected = self.expected(&predicate, moment, question, &rows);
        let project = |slug: &str| Project { slug: slug.to_owned(), test: false };
        let projects = rows.into_iter().zip(PROJECTS.map(project)).collect();
        let (predicate, zone) = (&predicate, &self.zone);
        let scope = Scope { rows: &rows, projects: &projects, zone, predicate, moment, until: None };
        let found = snapshot.answer(&scope, question, None, &[]);
        let counts = (found.customers, found.relationships);
        assert_eq!(counts, (expected.count, expected.relationships), "count: {what}");
        let mut page: Vec<Uuid> = found.page.iter().map(|one| one.customer).collect();
        page.truncate(question.limit);
        assert_eq!(page, expected.customers, "order: {what}");
        assert_eq!(found.aggregates, expected.aggregates, "aggregates: {what}");
        assert_eq!(found.groups, expected.groups, "groups: {what}");
        for (own, expected) in found.facets.iter().zip(&expected.facets) {
            assert_eq!(own, expected, "facet: {what}");
        }
        assert_eq!(found.facets.len(), expected.facets.len(), "facets: {what}");
        Asked::Told(expected.relationships)
    }

    /// Every past is in the index as it should be.
    fn check(&self, what: &str) {
        for (place, life) in &self.lives {
            let (history, days) = (life.history(&self.zone), life.days());
            let lived = Lived::of(&history, &days);
            assert_eq!(self.index.past_difference(*place, &lived, None), None, "{what}: {life:?}");
        }
    }

    /// What the reference says.
    fn expected(
        &self,
        predicate: &Predicate,
        moment: Option<Instant>,
        question: &Question,
        rows: &[Uuid],
    ) -> Answer {
        self.told(moment, rows, |world| reference::answer(world, predicate, question))
    }

    /// Asks the reference.
    fn told<T>(
        &self,
        moment: Option<Instant>,
        rows: &[Uuid],
        ask: impl FnOnce(&reference::World<'_>) -> T,
    ) -> T {
        let lives = self.lives.iter();
        let told: Vec<_> =
            lives.map(|(place, life)| (place.1, life.history(&self.zone), life.row(place.1))).collect();
        let mut customers: BTreeMap<Uuid, Vec<Document<'_>>> = BTreeMap::new();
        for (customer, history, row) in &told {
            let document = Document { history: Some(history), ..row.document(false) };
            customers.entry(*customer).or_default().push(document);
        }
        let customers: Vec<Customer<'_>> =
            customers.into_iter().map(|(id, documents)| Customer { id, documents }).collect();
        let slug = |slug: &str| (project_id(slug).unwrap(), slug.to_owned());
        let projects = PROJECTS.into_iter().map(slug).collect();
        let rows = rows.iter().copied().collect();
        let zone = self.zone.clone();
        let world =
            reference::World { customers: &customers, projects: &projects, rows: &rows, zone, moment };
        ask(&world)
    }
}

/// Not in the order of their numbers.
fn id(person: usize) -> Uuid {
    Uuid::from_u128((person as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}
