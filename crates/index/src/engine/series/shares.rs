//! The figures of each step: first what parts add to them, as differences to the step before, then the answers.

use std::collections::BTreeMap;

use filter::Status;
use jiff::tz::TimeZone;

use super::Plan;
use crate::{
    Aggregate, Bucket, Datum, Group, Groups, Part as Wanted, Total,
    column::numbers::Sum,
    engine::{Found, tally::Tally, whole},
};

/// How many rows have each status, and how many none.
pub(super) type Statuses = [i64; Status::ALL.len() + 1];

/// What rows hold in a field.
#[derive(Clone, Default)]
pub(super) struct Share {
    /// Rows that have a value.
    pub(super) present: i64,
    pub(super) numbers: i64,
    pub(super) sum: Sum,
}

/// By step and slot, what they have more than the step before.
pub(super) struct Shares {
    pub(super) rows: Vec<i64>,
    /// Only where values are told apart.
    pub(super) statuses: Vec<Statuses>,
    /// By field of the aggregates.
    pub(super) fields: Vec<Vec<Share>>,
    /// By value, then by step.
    pub(super) values: BTreeMap<Datum, Vec<i64>>,
    /// The step, the number of a customer, and whether a row of theirs begins to match or ceases to.
    pub(super) customers: Vec<(u16, u32, bool)>,
}

impl Shares {
    pub(super) fn new(plan: &Plan<'_>, steps: usize) -> Shares {
        let figures = steps * plan.slots();
        Shares {
            rows: vec![0; figures],
            statuses: vec![Statuses::default(); if plan.by.is_some() { figures } else { 0 }],
            fields: vec![vec![Share::default(); figures]; plan.fields.len()],
            values: BTreeMap::new(),
            customers: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, other: Shares) {
        add(&mut self.rows, &other.rows);
        self.statuses.iter_mut().zip(&other.statuses).for_each(|(own, other)| add(own, other));
        for (own, other) in self.fields.iter_mut().zip(&other.fields) {
            own.iter_mut().zip(other).for_each(|(own, other)| own.add(other));
        }
        for (value, turns) in other.values {
            match self.values.get_mut(&value) {
                Some(own) => add(own, &turns),
                None => _ = self.values.insert(value, turns),
            }
        }
        self.customers.extend(other.customers);
    }

    /// The answers, step by step.
    pub(super) fn found(
        self,
        plan: &Plan<'_>,
        customers: usize,
        is_wide: bool,
        zone: &TimeZone,
    ) -> Vec<Found> {
        let (slots, steps) = (plan.slots(), self.rows.len() / plan.slots());
        let many = is_wide.then(|| self.people(customers, steps));
        let mut distinct = vec![0_u64; steps];
        for turns in self.values.values() {
            let mut rows = 0;
            for (distinct, turn) in distinct.iter_mut().zip(turns) {
                rows += turn;
                *distinct += u64::from(rows > 0);
            }
        }
        let mut now = Figures::new(plan);
        let mut found = Vec::with_capacity(steps);
        for step in 0..steps {
            now.step(&self, step * slots);
            let relationships = whole(now.rows.iter().sum());
            found.push(Found {
                customers: many.as_ref().map_or(relationships, |many| many[step]),
                relationships,
                aggregates: now.totals(plan, zone),
                groups: plan.by.map(|(_, listed)| now.groups(plan, listed, distinct[step], zone)),
                ..Found::default()
            });
        }
        found
    }

    /// How many customers there are at each step, each once.
    fn people(&self, customers: usize, steps: usize) -> Vec<u64> {
        let mut by_step = vec![Vec::new(); steps];
        for (step, number, is_in) in &self.customers {
            by_step[usize::from(*step)].push((*number, *is_in));
        }
        let (mut rows, mut people) = (vec![0_i32; customers], 0);
        // Whoever comes with one row and goes with another in one step is there all along, in either order.
        let one_step = |turns: Vec<(u32, bool)>| {
            for (number, is_in) in turns {
                let rows = &mut rows[number as usize];
                let before = *rows;
                *rows += if is_in { 1 } else { -1 };
                people += i64::from(*rows > 0) - i64::from(before > 0);
            }
            whole(people)
        };
        by_step.into_iter().map(one_step).collect()
    }
}

impl Share {
    fn add(&mut self, other: &Share) {
        self.present += other.present;
        self.numbers += other.numbers;
        self.sum.add(&other.sum);
    }
}

/// The figures of one step, by slot.
struct Figures {
    rows: Vec<i64>,
    statuses: Vec<Statuses>,
    fields: Vec<Vec<Share>>,
}

impl Figures {
    fn new(plan: &Plan<'_>) -> Figures {
        let Shares { rows, statuses, fields, .. } = Shares::new(plan, 1);
        Figures { rows, statuses, fields }
    }

    /// Goes on to the next step, whose differences begin there.
    fn step(&mut self, shares: &Shares, start: usize) {
        let slots = self.rows.len();
        add(&mut self.rows, &shares.rows[start..]);
        self.statuses
            .iter_mut()
            .zip(shares.statuses.iter().skip(start))
            .for_each(|(now, turns)| add(now, turns));
        for (now, turns) in self.fields.iter_mut().zip(&shares.fields) {
            now.iter_mut().zip(&turns[start..start + slots]).for_each(|(now, turns)| now.add(turns));
        }
    }

    /// The aggregates of everything.
    fn totals(&self, plan: &Plan<'_>, zone: &TimeZone) -> Vec<Total> {
        let aggregates = plan.question.aggregates.iter().filter(|_| plan.question.wants(Wanted::Aggregates));
        let rows = whole(self.rows.iter().sum());
        aggregates
            .map(|aggregate| {
                let mut all = Share::default();
                self.field(plan, aggregate).iter().for_each(|share| all.add(share));
                total(aggregate, &all, rows, zone)
            })
            .collect()
    }

    fn field(&self, plan: &Plan<'_>, aggregate: &Aggregate) -> &[Share] {
        let place = plan.fields.binary_search(&&aggregate.field).unwrap_or_default();
        &self.fields[place]
    }

    fn groups(&self, plan: &Plan<'_>, listed: &[Datum], distinct: u64, zone: &TimeZone) -> Groups {
        let group = |slot: usize| {
            let count = whole(self.rows[slot]);
            let [by_status @ .., _] = self.statuses[slot].map(whole);
            let aggregates = plan.question.aggregates.iter();
            let totals =
                aggregates.map(|one| total(one, &self.field(plan, one)[slot], count, zone)).collect();
            Group { count, by_status, totals }
        };
        let some = |slot: usize| (self.rows[slot] > 0).then(|| group(slot));
        let rows = listed.iter().enumerate().map(|(slot, value)| (Bucket::Value(value.clone()), group(slot)));
        Groups {
            rows: rows.collect(),
            distinct,
            other: some(listed.len()),
            skipped: None,
            missing: some(listed.len() + 1),
        }
    }
}

fn total(aggregate: &Aggregate, share: &Share, rows: u64, zone: &TimeZone) -> Total {
    let mut tally = Tally::new(aggregate.function);
    tally.add_sum(whole(share.numbers), &share.sum);
    tally.add_others(whole(share.present - share.numbers));
    tally.finish(rows, zone)
}

fn add(own: &mut [i64], other: &[i64]) {
    own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
}
