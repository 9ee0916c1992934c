//! Who is worth most over all products: what each pays everywhere is added up, a currency at a time.
//!
//! Whoever pays in one product only is among those whose most in one is greatest; whoever pays in several is looked at in any
//! case. So nobody is missed, unless there are more of these than are looked at, which is said.

use std::{cmp::Reverse, collections::BTreeMap};

use bigdecimal::BigDecimal;
use filter::{Content, Field, value};

use super::ask::{BEST, Found, Money};
use crate::{
    store::query::CustomerRow,
    web::{
        customers::table::{Chip, chip},
        frame::Frame,
    },
};

/// Those who are worth most in a currency.
pub(super) struct Best {
    pub(super) currency: String,
    pub(super) rows: Vec<Row>,
    /// Whether somebody may be missed.
    pub(super) is_cut: bool,
    /// Whether it was too slow to tell.
    pub(super) is_slow: bool,
}

/// One of them.
pub(super) struct Row {
    pub(super) link: String,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) projects: Vec<Chip>,
    pub(super) sum: String,
    /// All of it, where that is rounded; else empty.
    pub(super) exact: String,
}

/// Of each currency those who are worth most.
pub(super) fn best(frame: &Frame, found: &Found) -> Vec<Best> {
    let Some(field) = &found.money else { return Vec::new() };
    let of = |money: &Money| Best {
        currency: found.currency(money, frame.formats()),
        rows: rows(frame, &money.people, field),
        is_cut: money.is_cut,
        is_slow: money.is_slow,
    };
    found.sums.iter().map(of).filter(|best| best.is_slow || !best.rows.is_empty()).collect()
}

fn rows(frame: &Frame, people: &[CustomerRow], field: &Field) -> Vec<Row> {
    let each: BTreeMap<_, &CustomerRow> = people.iter().map(|person| (person.id.0, person)).collect();
    let mut ranked: Vec<(BigDecimal, &CustomerRow)> =
        each.into_values().map(|person| (worth(person, field), person)).collect();
    ranked.sort_by_key(|(sum, person)| (Reverse(sum.clone()), person.email.clone()));
    ranked.truncate(BEST);
    let row = |(sum, person): (BigDecimal, &CustomerRow)| Row {
        link: format!("/customers/{}", person.id),
        email: person.email.clone(),
        name: person.name.clone().unwrap_or_default(),
        projects: person.relationships.iter().filter_map(|r| chip(r, &frame.projects)).collect(),
        sum: frame.formats().amount(&sum),
        exact: frame.formats().beyond_cents(&sum),
    };
    ranked.into_iter().map(row).collect()
}

/// What somebody pays in all products that match.
fn worth(person: &CustomerRow, field: &Field) -> BigDecimal {
    let documents = person.relationships.iter().map(|relationship| relationship.document(&person.email));
    let numbers = documents.filter_map(|document| match field.read(&document)? {
        Content::Json(serde_json::Value::Number(number)) => value::decimal(number),
        _ => None,
    });
    numbers.sum()
}
