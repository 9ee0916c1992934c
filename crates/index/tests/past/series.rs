//! A question as of many moments at once is the question as of each of them, by the index and by the reference.

use std::collections::BTreeSet;

use filter::{Predicate, calendar::Unit, check, value::Instant};
use index::{Datum, Found, Grouping, Part, Project, Question, Scope};
use jiff::{ToSpan, civil::Date};
use uuid::Uuid;

use crate::{
    Asked, World,
    generator::Dice,
    life::{self, NOW},
    table::{Catalogue, PROJECTS, project_id},
};

const AGGREGATES: [&str; 7] = [
    "sum(params.mrr)",
    "avg(params.mrr)",
    "sum(params.plan)",
    "sum(params.company.size)",
    "min(params.mrr)",
    "max(first_paid)",
    "median(params.mrr)",
];
const BYS: [&str; 8] =
    ["plan", "status", "mrr", "tags", "params.company.country", "email", "project", "status_since"];

/// A series' question: mostly of what can be answered at once.
pub(crate) fn question(dice: &mut Dice) -> Question {
    let known = if dice.chance(80) { 4 } else { AGGREGATES.len() };
    let aggregates = (0..dice.below(3)).map(|_| AGGREGATES[dice.below(known)].parse().unwrap()).collect();
    let group_by = dice.chance(60).then(|| dice.pick(&BYS).parse::<Grouping>().unwrap());
    let texts = ["pro", "free", "paid", "trial", "p3@x.com", "newsletter", "AT"];
    let mut values: Vec<Datum> = texts.map(|text| Datum::String(text.to_owned())).to_vec();
    values.extend([Datum::Null, Datum::Array, Datum::Number(29.into()), Datum::Object]);
    let first = dice.below(values.len());
    let listed = (0..dice.below(5)).map(|place| values[(first + place * 3) % values.len()].clone()).collect();
    let mut select = vec![Part::Count, Part::Aggregates];
    select.extend(group_by.is_some().then_some(Part::Groups));
    Question { select, aggregates, group_by, listed: Some(listed), ..Question::default() }
}

/// The ends of some steps in a row, or any moments close to what happened.
pub(crate) fn moments(dice: &mut Dice, world: &World) -> Vec<Instant> {
    if dice.chance(40) {
        let some = (0..2 + dice.below(9)).filter_map(|_| life::moment(dice, &world.lives));
        return some.collect::<BTreeSet<Instant>>().into_iter().collect();
    }
    let unit = *dice.pick(&[Unit::Day, Unit::Week, Unit::Month]);
    let mut first = unit.first(Date::constant(2025, 12, 20).saturating_add((dice.below(150) as i64).days()));
    let mut moments = Vec::new();
    for _ in 0..1 + dice.below(20) {
        first = unit.next(first).unwrap();
        let end = filter::calendar::first_instant(first, &world.zone).0 - 1;
        moments.extend(Some(Instant(end)).filter(|end| end.timestamp() < NOW.parse().unwrap()));
    }
    moments
}

impl World {
    /// Asks both sides, and the index in two ways, about so many points.
    pub(crate) fn ask_series(
        &self,
        text: &str,
        question: &Question,
        moments: &[Instant],
        what: &str,
    ) -> Asked {
        let names = Catalogue::default();
        // As the first moment understands it; what then lies in the future is refused there.
        let Some(now) = moments.first().map(|first| first.timestamp()) else { return Asked::Refused };
        let scope =
            filter::Scope { now, horizon: None, zone: self.zone.clone(), names: &names, account_wide: true };
        let Ok(predicate) = check(&filter::parse(text).unwrap(), &scope) else { return Asked::Refused };
        let snapshot = self.index.snapshot();
        if !snapshot.can_tell(predicate.root(), true) {
            return Asked::Untold;
        }
        let rows: Vec<Uuid> = PROJECTS.iter().filter_map(|slug| project_id(slug)).collect();
        // One project, or all of them.
        let rows = &rows[..if moments.len().is_multiple_of(2) { 1 } else { rows.len() }];
        let project =
            |slug: &&str| Some((project_id(slug)?, Project { slug: (*slug).to_owned(), test: false }));
        let projects = PROJECTS.iter().filter_map(project).collect();
        let scope = Scope {
            rows,
            projects: &projects,
            zone: &self.zone,
            predicate: &predicate,
            moment: None,
            until: None,
        };
        let all = snapshot.answer_each(&scope, question, moments);
        assert_eq!(all.len(), moments.len());
        for (moment, found) in moments.iter().zip(&all) {
            let what =
                format!("{what}: {text} as of {moment:?} of {moments:?} in {:?}: {question:?}", self.zone);
            let then = Scope { moment: Some(*moment), ..scope };
            let alone = snapshot.answer(&then, question, None, &[]);
            assert_eq!(figures(found), figures(&alone), "{what}");
        }
        if let (Some(moment), Some(found)) = (moments.last(), all.last()) {
            let expected = self.by_reference(&predicate, question, rows, *moment);
            assert_eq!(
                figures(found),
                expected,
                "{what}: {text} as of {moment:?} by the reference: {question:?}"
            );
        }
        Asked::Told(all.len() as u64)
    }

    fn by_reference(
        &self,
        predicate: &Predicate,
        question: &Question,
        rows: &[Uuid],
        moment: Instant,
    ) -> String {
        let answer = self.expected(predicate, Some(moment), question, rows);
        figures(&Found {
            customers: answer.count,
            relationships: answer.relationships,
            aggregates: answer.aggregates,
            groups: answer.groups,
            ..Found::default()
        })
    }
}

/// All that a point tells.
fn figures(found: &Found) -> String {
    let Found { customers, relationships, aggregates, groups, .. } = found;
    format!("{customers} {relationships}\n{aggregates:?}\n{groups:#?}")
}
