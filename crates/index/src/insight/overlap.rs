//! Overlap: projects by projects, how many customers they have in common.
//!
//! Customers are counted here, not relationships: who is a customer of two projects is one. Each cell is as many as the
//! customers that its filter finds across the account.

use std::cmp::Reverse;

use filter::{Expr, expr::Node};

use super::{Cell, Error, Ground, Home, People, Place, Rate, people};

/// The most projects.
pub const PROJECTS_MAX: usize = 100;

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Each project by itself.
    pub projects: Vec<Project>,
    /// Each two of them: those of the first one come first.
    pub pairs: Vec<Pair>,
}

/// A project.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// Its slug.
    pub slug: String,
    /// Its customers.
    pub customers: People,
    /// Those who pay there.
    pub paid: People,
}

/// Two projects.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The place of the first among the projects.
    pub first: usize,
    /// The place of the second.
    pub second: usize,
    /// Those of the first who are customers of the second too.
    pub of_first: Cell,
    /// Those of the second who are customers of the first too: the same people, of others.
    pub of_second: Cell,
    /// Those who pay in both.
    pub paid: People,
    /// Of all who are customers of one of them at least.
    pub either: u64,
}

impl Pair {
    /// How many are customers of both.
    pub fn both(&self) -> u64 {
        self.of_first.rate.some
    }

    /// Jaccard's index: the share of those in both among those in either; `None` of nobody.
    pub fn jaccard(&self) -> Option<f64> {
        Rate { some: self.both(), all: self.either }.share()
    }
}

/// A place in the table; a project with itself is that project.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) first: usize,
    pub(crate) second: usize,
    /// Whether those who pay are counted.
    pub(crate) paid: bool,
}

/// The table before it is counted.
pub(crate) struct Plan<'q> {
    homes: &'q [Home],
    /// What is true there of the customers of each project, and of those who pay.
    sides: Vec<[Node; 2]>,
}

/// Who pays of those who are told of.
pub(crate) fn paying(ground: &Ground<'_>) -> Expr {
    ground.all(people::paying().root)
}

impl<'q> Plan<'q> {
    pub(crate) fn new(ground: &Ground<'q>) -> Result<Plan<'q>, Error> {
        let homes = ground.homes;
        ground.checked(Place::Filter, ground.filter)?;
        if homes.len() > PROJECTS_MAX {
            return Err(Error::TooManyProjects);
        }
        let there = |home: &Home, filter: &Expr| {
            people::in_project(&home.slug, filter.root.clone().into_iter().collect())
        };
        let paid = paying(ground);
        let sides = homes.iter().map(|home| [there(home, ground.filter), there(home, &paid)]).collect();
        let plan = Plan { homes, sides };
        ground.room(plan.bytes())?;
        plan.check(ground)?;
        Ok(plan)
    }

    /// How many bytes all filters take. Beside a project's own its side stands once in each of its pairs, and twice more where who is
    /// in both is told of each of the two.
    fn bytes(&self) -> usize {
        let others = self.homes.len().saturating_sub(1);
        let length = |node: &Node| node.value.to_string().len();
        let own = |[all, paid]: &[Node; 2]| length(all) * (1 + 3 * others) + length(paid) * (1 + others);
        let pairs = self.homes.len() * others / 2;
        self.sides.iter().map(own).sum::<usize>() + pairs * 3 * " and ".len()
    }

    /// Refuses what the longest of the filters has no room for.
    fn check(&self, ground: &Ground<'_>) -> Result<(), Error> {
        let mut longest: Vec<usize> = (0..self.homes.len()).collect();
        longest.sort_by_key(|place| Reverse(self.homes[*place].slug.len()));
        let [first, others @ ..] = longest.as_slice() else { return Ok(()) };
        let second = *others.first().unwrap_or(first);
        let mut said = ground.filter.clone();
        said.root = self.people(Spot { first: *first, second, paid: true }).root;
        ground.lists(&said).map(|_| ())
    }

    /// The filter of a place.
    fn people(&self, spot: Spot) -> Expr {
        let side = |project: usize| self.sides[project][usize::from(spot.paid)].clone();
        let second = (spot.first != spot.second).then(|| side(spot.second));
        people::all([side(spot.first)].into_iter().chain(second))
    }

    /// The answer, with how many customers there are at each place.
    pub(crate) fn answer(&self, count: impl Fn(Spot, &Expr) -> u64) -> Answer {
        let told = |first, second, paid| {
            let spot = Spot { first, second, paid };
            let people = self.people(spot);
            People { count: count(spot, &people), people }
        };
        let project = |(place, home): (usize, &Home)| Project {
            slug: home.slug.clone(),
            customers: told(place, place, false),
            paid: told(place, place, true),
        };
        let projects: Vec<Project> = self.homes.iter().enumerate().map(project).collect();
        let pair = |first: usize, second: usize| {
            let both = told(first, second, false);
            let share = |of: &Project| Cell {
                rate: Rate { some: both.count, all: of.customers.count },
                some: both.people.clone(),
                all: of.customers.people.clone(),
            };
            let (of_first, of_second) = (share(&projects[first]), share(&projects[second]));
            let either = of_first.rate.all + of_second.rate.all - both.count;
            Pair { first, second, of_first, of_second, paid: told(first, second, true), either }
        };
        let places = 0..projects.len();
        let pairs = places
            .clone()
            .flat_map(|first| places.clone().skip(first + 1).map(move |second| (first, second)));
        let pairs = pairs.map(|(first, second)| pair(first, second)).collect();
        Answer { projects, pairs }
    }
}
