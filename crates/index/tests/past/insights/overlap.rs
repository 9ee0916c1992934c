//! Overlap by both sides.

use index::{
    Scope,
    insight::{Error, FILTERS_MAX, Ground, overlap::PROJECTS_MAX},
    reference,
};

use super::{On, ask_at_random};
use crate::{Asked, World, generator::Dice, life};

#[test]
fn every_cell_of_overlap_is_as_many_customers_as_its_filter_finds() {
    let told = ask_at_random(13, |world, dice, on| {
        let filter = if dice.chance(50) { life::filter(dice, 1) } else { on.filter.clone() };
        world.ask_overlap(&On { filter, homes: on.homes.clone(), ..*on })
    });
    assert!(told.people > told.tables * 2, "{told:?}: that says little");
}

#[test]
fn what_has_no_room_in_the_cells_is_refused_with_its_place() {
    let mut dice = Dice::new(1);
    let world = World::new(&mut dice);
    let on = On::at_random(1, &world, &mut dice);
    let refusal = |filter: &str, projects: usize| {
        let homes = vec![on.homes[0].clone(); projects];
        let on = On { filter: filter.to_owned(), moment: None, homes, ..on };
        on.ground(&world, |ground, scope| world.index.snapshot().overlap(scope, ground).unwrap_err())
    };
    assert_eq!(refusal("", PROJECTS_MAX + 1), Error::TooManyProjects);
    let place = |filter: &str, projects: usize| match refusal(filter, projects) {
        Error::Filter(_, error) => (error.line, error.column, error.message),
        other => panic!("{other}"),
    };
    let values = |count: usize| format!("plan = 1 and\n mrr in ({})", vec!["1"; count].join(", "));
    // What fits once does not fit twice.
    let (line, column, message) = place(&values(600), 2);
    assert_eq!((line, column), (2, 2), "{message}");
    assert!(message.contains("more than 1000 conditions"), "{message}");
}

#[test]
fn the_filters_of_all_pairs_have_so_much_room_and_no_more() {
    let mut dice = Dice::new(1);
    let world = World::new(&mut dice);
    let on = On::at_random(1, &world, &mut dice);
    let taken = |length: usize| {
        let homes = (0..PROJECTS_MAX).map(|place| on.homes[place % on.homes.len()].clone()).collect();
        let on = On { filter: format!("plan = \"{}\"", "x".repeat(length)), moment: None, homes, ..on };
        let told = on.ground(&world, |ground, scope| world.index.snapshot().overlap(scope, ground));
        told.map(|answer| {
            let own = answer.unwrap();
            let cells = own.pairs.iter().flat_map(|pair| [&pair.of_first, &pair.of_second]);
            let cells = cells
                .flat_map(|cell| [&cell.some, &cell.all])
                .chain(own.pairs.iter().map(|pair| &pair.paid.people));
            let projects = own.projects.iter().flat_map(|own| [&own.customers.people, &own.paid.people]);
            cells.chain(projects).map(|filter| filter.to_string().len()).sum::<usize>()
        })
    };
    let (mut told, mut refused) = (0, 900);
    while refused - told > 1 {
        let middle = (told + refused) / 2;
        *(if taken(middle).is_ok() { &mut told } else { &mut refused }) = middle;
    }
    let (own, Err(Error::TooLarge(bytes))) = (taken(told).unwrap(), taken(refused)) else {
        panic!("{refused}")
    };
    // One letter more stands four times in every pair, and a few more times.
    let letter = bytes - own;
    assert!(own <= FILTERS_MAX && FILTERS_MAX < bytes, "{own} and {bytes}");
    assert!(letter > 4 * PROJECTS_MAX.pow(2) - 400 && letter < 4 * PROJECTS_MAX.pow(2) + 400, "{letter}");
}

impl World {
    /// Asks both sides of the projects' customers that a filter finds.
    fn ask_overlap(&self, on: &On) -> Asked {
        let ask = |ground: &Ground<'_>, scope: &Scope<'_>| {
            let found = match self.index.snapshot().overlap(scope, ground) {
                Err(_) => return Asked::Refused,
                Ok(None) => return Asked::Untold,
                Ok(Some(found)) => found,
            };
            let expected =
                self.told(on.moment, scope.rows, |world| reference::insight::overlap(world, ground)).unwrap();
            let what = format!("ORACLE_SEED={}: {on:?} in {:?}", on.seed, self.zone);
            assert_eq!(found.projects, expected.projects, "projects: {what}");
            assert_eq!(found.pairs, expected.pairs, "{what}");
            Asked::Told(found.pairs.iter().map(|pair| pair.both()).sum())
        };
        on.ground(self, ask)
    }
}
