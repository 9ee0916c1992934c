//! Who holds some values in a field, and in which fields texts are held by one customer each.

use std::collections::BTreeSet;

use filter::{Field, value::Kind};
use hashbrown::HashSet;

use super::Asked;
use crate::{
    Datum, chunk,
    column::{Symbol, Symbols},
    engine::{Seen, each},
    insight::referrals::Carrier,
    past::Past,
};

/// Who holds a value.
#[derive(Clone, Copy, Default)]
struct Holder {
    rows: u64,
    /// The number of the first customer, with a part and a row of his, and whether there is another.
    customer: Option<(u32, usize, usize)>,
    is_many: bool,
}

impl Holder {
    fn add(&mut self, other: Holder) {
        let both = self.customer.zip(other.customer);
        self.rows += other.rows;
        self.is_many |= other.is_many || both.is_some_and(|(own, other)| own.0 != other.0);
        self.customer = self.customer.or(other.customer);
    }

    fn only(&self) -> Option<(u32, usize, usize)> {
        self.customer.filter(|_| !self.is_many)
    }
}

/// How many carry each code in a field, and which customer where it is one.
pub(super) fn carriers(asked: &Asked<'_>, field: &Field, codes: &[Datum]) -> Vec<(u64, Option<Carrier>)> {
    let seen = asked.snapshot.seen(&asked.scope, asked.scope.rows);
    let codes: Vec<Symbol<'_>> = codes.iter().map(Symbol::from_datum).collect();
    let carrier = |(number, part, row): (u32, usize, usize)| Carrier {
        id: asked.snapshot.ids.get(number),
        email: match seen[part].chunk().value(&Field::Email, row) {
            Some(Symbol::Text(email)) => email.to_owned(),
            _ => String::new(),
        },
    };
    let told = |holder: Holder| (holder.rows, holder.only().map(carrier));
    holders(&seen, field, &codes).into_iter().map(told).collect()
}

/// How many of some texts are held by one customer each, in every field that holds any.
pub(in crate::engine::insight) fn own(asked: &Asked<'_>, texts: &[&str]) -> Vec<(Field, u64)> {
    let seen = asked.snapshot.seen(&asked.scope, asked.scope.rows);
    let codes: Vec<Symbol<'_>> = texts.iter().map(|text| Symbol::Text(text)).collect();
    let wanted: HashSet<&str> = texts.iter().copied().collect();
    let keys: BTreeSet<&str> =
        each(&seen, |seen| keys(seen, &codes, &wanted)).into_iter().flatten().collect();
    let paths = keys.into_iter().filter_map(chunk::path).map(Field::Params);
    let fields = paths.chain([Field::UserId]);
    let count = |field: Field| {
        let held = holders(&seen, &field, &codes).iter().filter(|holder| holder.only().is_some()).count();
        (field, held as u64)
    };
    fields.map(count).collect()
}

/// The paths of a part in which some of the texts stand or have stood.
fn keys<'s>(seen: &Seen<'s>, codes: &[Symbol<'_>], wanted: &HashSet<&str>) -> Vec<&'s str> {
    let holds = |symbols: &Symbols| {
        !symbols.codes(Kind::String).is_empty() && codes.iter().any(|code| symbols.find(code).is_some())
    };
    let past = seen.past().filter(|_| seen.moment.is_some());
    let tracks = past.into_iter().flat_map(Past::tracks).filter(|(_, symbols)| holds(symbols));
    let (kept, rare) = seen.chunk().texts();
    let kept = kept.filter(|(_, symbols)| holds(symbols)).map(|(key, _)| key);
    let rare = rare.filter(|(_, text)| wanted.contains(text)).map(|(key, _)| key);
    kept.chain(rare).chain(tracks.map(|(key, _)| key)).collect()
}

/// Who holds each of some values in a field.
fn holders(seen: &[Seen<'_>], field: &Field, codes: &[Symbol<'_>]) -> Vec<Holder> {
    let parts: Vec<usize> = (0..seen.len()).collect();
    let parts = each(&parts, |part| {
        let seen = &seen[*part];
        let mut holders = vec![Holder::default(); codes.len()];
        let Some(column) = seen.column(field) else { return holders };
        let found = codes.iter().map(|code| column.symbols.find(code)).enumerate();
        let found: Vec<(usize, usize)> = found.filter_map(|(place, code)| Some((place, code?))).collect();
        if found.is_empty() {
            return holders;
        }
        let mut places = vec![usize::MAX; column.missing() + 1];
        found.into_iter().for_each(|(place, code)| places[code] = place);
        let live = seen.live();
        column.each(|row, code| {
            if let Some(holder) = holders.get_mut(places[code])
                && live.has(row)
            {
                let customer = Some((seen.part.customers[row], *part, row));
                holder.add(Holder { rows: 1, customer, is_many: false });
            }
        });
        holders
    });
    let mut all = vec![Holder::default(); codes.len()];
    for part in parts {
        let both = all.iter_mut().zip(part);
        both.for_each(|(all, own)| all.add(own));
    }
    all
}
