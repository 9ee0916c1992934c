//! Insights by the index and by the reference, which asks the filter of every cell.

mod lift;
mod movements;
mod overlap;
mod retention;

use filter::{Expr, check, value::Instant};
use index::{
    Project, Scope,
    insight::{Ground, Home},
};
use jiff::{Timestamp, ToSpan, civil::Date};

use crate::{
    Asked, CASES, QUESTIONS, STEPS, World,
    generator::Dice,
    life::{self, NOW},
    number,
    table::{Catalogue, PROJECTS, project_id},
};

/// Fields whose values are told apart.
const BYS: [&str; 7] = ["plan", "status", "mrr", "tags", "params.company.country", "email", "project"];

/// Of whom something is asked, and when.
#[derive(Clone, Debug)]
struct On {
    seed: u64,
    filter: String,
    moment: Option<Instant>,
    /// Since when history is kept.
    horizon: Option<Instant>,
    /// Projects, and since when it is known who was seen in each.
    homes: Vec<Home>,
}

/// What was asked at random.
#[derive(Debug, Default)]
struct Told {
    asked: u64,
    /// Those that the index answered, and people in them.
    tables: u64,
    people: u64,
}

/// Asks one of so many cases of random people at random; half of them at least are answered.
fn ask_at_random(one_of: u64, mut ask: impl FnMut(&World, &mut Dice, &On) -> Asked) -> Told {
    let cases = number("ORACLE_CASES").unwrap_or(CASES) / one_of;
    let mut seed = number("ORACLE_SEED").unwrap_or(1);
    let mut told = Told::default();
    while told.asked < cases {
        let mut dice = Dice::new(seed);
        let mut world = World::new(&mut dice);
        for _ in 0..STEPS {
            world.step(&mut dice);
            for _ in 0..QUESTIONS / 8 {
                let on = On::at_random(seed, &world, &mut dice);
                match ask(&world, &mut dice, &on) {
                    Asked::Refused => continue,
                    Asked::Untold => {}
                    Asked::Told(people) => {
                        told.tables += 1;
                        told.people += people;
                    }
                }
                told.asked += 1;
            }
        }
        seed += 1;
    }
    println!("{told:?}");
    assert!(told.tables > told.asked / 2, "{told:?}: that says little");
    told
}

impl On {
    fn at_random(seed: u64, world: &World, dice: &mut Dice) -> On {
        let filter = if dice.chance(40) { String::new() } else { life::plain(dice, 1) };
        let first = Date::constant(2026, 1, 1);
        let mut home = |slug: &str| Home {
            id: project_id(slug).unwrap(),
            slug: slug.to_owned(),
            seen_since: dice.chance(85).then(|| first.saturating_add((dice.below(60) as i64 - 40).days())),
        };
        let homes = PROJECTS.into_iter().map(&mut home).collect();
        On { seed, filter, moment: life::moment(dice, &world.lives), horizon: None, homes }
    }

    /// Calls with the ground and with the scope of the index.
    fn ground<T>(&self, world: &World, ask: impl FnOnce(&Ground<'_>, &Scope<'_>) -> T) -> T {
        let names = Catalogue::default();
        let (zone, moment) = (&world.zone, self.moment);
        let now: Timestamp = moment.map_or_else(|| NOW.parse().unwrap(), Instant::timestamp);
        let horizon = self.horizon.map(Instant::timestamp);
        let scope = filter::Scope { now, horizon, zone: zone.clone(), names: &names, account_wide: true };
        let checked = |expr: &Expr| check(expr, &scope);
        let expr = filter::parse(&self.filter).unwrap();
        let ground = Ground { filter: &expr, homes: &self.homes, zone, now, horizon, check: &checked };
        let rows: Vec<_> = self.homes.iter().map(|home| home.id).collect();
        let project = |slug: &str| Project { slug: slug.to_owned(), test: false };
        let projects = rows.iter().copied().zip(PROJECTS.map(project)).collect();
        let predicate = &filter::Predicate::everything();
        ask(&ground, &Scope { rows: &rows, projects: &projects, zone, predicate, moment, until: None })
    }
}
