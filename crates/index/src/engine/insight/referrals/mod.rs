//! Referrals in three passes over codes: how many came by each code of each part, which of them one who came carries, and
//! their numbers, currency by currency. A value is hashed once for each part that has it, and never for a row. Then each chain is
//! walked once.

mod amounts;
mod census;
mod gathered;
mod graph;
mod own;
mod part;
mod purses;

use std::cmp::Reverse;

use bigdecimal::BigDecimal;
use filter::Field;

pub(super) use self::own::own;
use self::{
    amounts::Amounts,
    census::Census,
    gathered::{Gathered, TOGETHER},
    graph::Graph,
    part::Part,
    purses::Purses,
};
use super::Asked;
use crate::{
    Datum, Snapshot,
    column::Symbol,
    datum,
    engine::{Scope, each},
    insight::{
        Error, Ground, Place,
        cell::Figure,
        referrals::{Answer, Book, Carrier, LOOKED_FOR, Links, Listed, Of, Plan, Referrals, Spot},
    },
};

impl Snapshot {
    /// What came by each code; `None` where it does not know what is asked of the past.
    pub fn referrals(
        &self,
        scope: &Scope<'_>,
        ground: &Ground<'_>,
        question: &Referrals,
    ) -> Result<Option<Answer>, Error> {
        let asked = Asked { snapshot: self, scope: *scope };
        let people = ground.checked(Place::Filter, ground.filter)?;
        if !asked.tells(&people) || !self.can_tell_referrals(scope, question) {
            return Ok(None);
        }
        let ready = self.ready(scope, people.root());
        let parts = each(&self.seen(scope, scope.rows), |seen| Part::of(*seen, &ready, &question.path));
        let census = Census::of(&parts);
        let (ids, listed) = first(&census, question);
        let plan = question.plan(ground, &asked, listed)?;
        let graph = Graph::of(&parts, &census, plan.carries.as_ref().map(|carries| &carries.field));
        let told = Told::of(&asked, &plan, (&parts, &census, &graph), &ids);
        plan.answer(ground, &told).map(Some)
    }

    /// Whether it knows all fields that are looked at.
    fn can_tell_referrals(&self, scope: &Scope<'_>, question: &Referrals) -> bool {
        let Referrals { path, sum, currency, carries, .. } = question;
        let named = [Some(path), sum.as_ref(), currency.as_ref(), carries.as_ref(), Some(&Field::Status)];
        let is_lost = |field: &Field| self.has_lost(field);
        scope.moment.is_none()
            || self.remembers()
                && !named.into_iter().flatten().any(is_lost)
                && !(carries.is_none() && self.has_lost_any())
    }
}

/// The first codes, so many of them, with their places; and those by which it is looked for who carries them.
fn first(census: &Census<'_>, question: &Referrals) -> (Vec<u32>, Listed) {
    let (nodes, limit) = (&census.nodes, question.limit);
    let is_short = |symbol: &Symbol<'_>| !matches!(symbol, Symbol::Text(text) if !datum::is_whole(text));
    let came = |id: &u32| nodes[*id as usize].people > 0;
    let all: Vec<u32> = (0..nodes.len() as u32).filter(came).collect();
    let distinct = all.len() as u64;
    let mut ids: Vec<u32> = all.into_iter().filter(|id| is_short(&nodes[*id as usize].symbol)).collect();
    let order = |id: &u32| {
        let node = &nodes[*id as usize];
        (Reverse(question.order.key(node.people, node.paid)), &node.symbol)
    };
    let most = limit.max(LOOKED_FOR);
    if most < ids.len() {
        ids.select_nth_unstable_by(most, |a, b| order(a).cmp(&order(b)));
        ids.truncate(most);
    }
    ids.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
    let codes: Vec<Datum> = ids.iter().map(|id| nodes[*id as usize].symbol.datum()).collect();
    ids.truncate(limit);
    (ids, Listed::of(codes, limit, distinct))
}

/// All that is told, place by place.
struct Told<'t> {
    /// All and the others, then each code, then each chain.
    places: Vec<Gathered<[Figure; 2]>>,
    carriers: Vec<(u64, Option<Carrier>)>,
    links: Vec<Links>,
    odd: u64,
    without: u64,
    asked: &'t Asked<'t>,
}

impl<'t> Told<'t> {
    fn of(
        asked: &'t Asked<'t>,
        plan: &Plan<'_>,
        (parts, census, graph): (&[Part<'_>], &Census<'_>, &Graph),
        ids: &[u32],
    ) -> Told<'t> {
        let carries = plan.carries.as_ref().map(|carries| &carries.field);
        let reach = |id: u32, call: &mut dyn FnMut(u32, u64)| graph.reach(id, &|| asked.is_late(), call);
        let question = plan.question;
        let field = question.currency.as_ref().filter(|_| question.sum.is_some());
        let amounts = question.sum.as_ref().map(|sum| Amounts::of(parts, sum, field, &plan.currencies));
        let (places, links) = match amounts {
            Some(amounts) => amounts.told(census, plan.currencies.len(), ids, &reach),
            None => gathered::by_place((census, &Purses::<i128>::default()), ids, &reach, BigDecimal::from),
        };
        Told {
            places,
            asked,
            carriers: carries.map_or_else(Vec::new, |field| own::carriers(asked, field, &plan.listed.codes)),
            links,
            odd: census.odd,
            without: census.without,
        }
    }

    fn place(&self, of: Of) -> usize {
        match of {
            Of::Code(place) => TOGETHER + place,
            Of::Chain(place) => TOGETHER + self.links.len() + place,
            Of::Other => 1,
            Of::All | Of::Odd | Of::Without => 0,
        }
    }
}

impl Book for Told<'_> {
    fn figure(&self, spot: Spot, _: Option<&filter::Expr>) -> Figure {
        let (place, side) = (self.place(spot.of), usize::from(spot.paid));
        let head = |people| Figure { people, ..Figure::default() };
        match (spot.of, spot.currency) {
            (Of::Odd, _) => head(self.odd),
            (Of::Without, _) => head(self.without),
            (_, None) => head(self.places[place].people[side]),
            (_, Some(currency)) => self.places[place].sums[currency][side].clone(),
        }
    }

    fn carriers(&self, code: usize, _: &filter::Expr) -> (u64, Option<Carrier>) {
        self.carriers[code].clone()
    }

    fn links(&self, code: usize) -> Links {
        self.links[code].clone()
    }

    fn is_late(&self) -> bool {
        self.asked.is_late()
    }
}

/// What is walked from a code: calls with each code of its chain and its level.
type Reach<'r> = &'r dyn Fn(u32, &mut dyn FnMut(u32, u64));
