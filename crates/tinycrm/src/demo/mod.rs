//! Demo data: three products, their customers and 18 months of history, made from a seed.

mod dice;
mod fill;
mod life;
mod people;
mod products;

use jiff::Timestamp;
use server::model::Call;

use dice::Dice;
use life::Life;
use people::Person;
use products::PRODUCTS;

pub use fill::{Recipe, fill, is_demo, remove};
use products::Product;

/// How many customers recommend a product to others.
const REFERRERS: usize = 240;

/// Everything that happened with one product, in order.
pub struct History {
    /// The product's slug and name.
    pub slug: &'static str,
    /// The project's name.
    pub name: &'static str,
    /// The calls that its app made.
    pub calls: Vec<Call>,
}

/// What happened up to `now` with so many customers. The same seed and the same moment give the same histories.
pub fn histories(seed: u64, customers: usize, now: Timestamp) -> Vec<History> {
    let people = people::people(customers, &mut Dice::new(seed));
    let users = users(&people, &mut Dice::new(seed + 1));
    let each = PRODUCTS.iter().zip(&users).zip(seed + 2..);
    each.map(|((product, users), seed)| history(product, users, now, &mut Dice::new(seed))).collect()
}

/// Who uses which product: everybody one, some more.
fn users<'a>(people: &'a [Person], dice: &mut Dice) -> [Vec<&'a Person>; PRODUCTS.len()] {
    let mut users = [const { Vec::new() }; PRODUCTS.len()];
    let first: Vec<(usize, u32)> = PRODUCTS.iter().map(|p| (p.share * 1000.0) as u32).enumerate().collect();
    for person in people {
        let own = *dice.weighted(&first);
        for (index, product) in PRODUCTS.iter().enumerate() {
            if index == own || dice.chance(product.share * 0.24) {
                users[index].push(person);
            }
        }
    }
    users
}

fn history(product: &'static Product, users: &[&Person], now: Timestamp, dice: &mut Dice) -> History {
    let referrers: Vec<String> = users.iter().take(REFERRERS).map(|person| code(person, dice)).collect();
    let lives = users.iter().enumerate();
    let mut calls: Vec<Call> = lives
        .flat_map(|(index, person)| Life::tell(product, person, index + 1, &referrers, now, dice))
        .collect();
    calls.sort_by_key(Call::at);
    History { slug: product.slug, name: product.name, calls }
}

/// A referral code, as products hand them out.
fn code(person: &Person, dice: &mut Dice) -> String {
    let first = person.email.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("friend");
    format!("{first}-{}", dice.between(10, 100))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use filter::Status;
    use server::model::Edit;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T15:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_same_seed_and_moment_give_the_same_histories() {
        let calls = |seed| histories(seed, 300, now()).into_iter().map(|h| h.calls).collect::<Vec<_>>();
        assert_eq!(calls(7), calls(7));
        assert_ne!(calls(7), calls(8));
    }

    #[test]
    fn histories_are_in_order_and_end_at_the_present() {
        for history in histories(1, 500, now()) {
            assert!(history.calls.is_sorted_by_key(Call::at), "{}", history.slug);
            assert!(history.calls.iter().all(|call| call.at() < Some(now())), "{}", history.slug);
        }
    }

    /// What is left of a history: the last status of each customer, and how the status was before it ended.
    fn statuses(history: &History) -> BTreeMap<String, Vec<Status>> {
        let mut statuses: BTreeMap<String, Vec<Status>> = BTreeMap::new();
        for call in &history.calls {
            if let (Call::Identify(call), Some(email)) = (call, &call.who().email) {
                statuses.entry(email.to_string()).or_default().extend(call.status);
            }
        }
        statuses
    }

    #[test]
    fn the_numbers_are_plausible() {
        let histories = histories(1, 20_000, now());
        let everybody: HashSet<String> = histories.iter().flat_map(|h| statuses(h).into_keys()).collect();
        assert_eq!(everybody.len(), 20_000);
        for history in &histories {
            let all = statuses(history);
            let ever_paid = all.values().filter(|s| s.contains(&Status::Paid)).count();
            let last = |status| all.values().filter(|s| s.last() == Some(&status)).count();
            let conversion = ever_paid as f64 / all.len() as f64;
            assert!((0.05..0.14).contains(&conversion), "{}: {conversion}", history.slug);
            let churn = last(Status::Churned) as f64 / ever_paid as f64;
            assert!((0.1..0.5).contains(&churn), "{}: {churn}", history.slug);
            assert!(last(Status::Free) > last(Status::Paid) * 3, "{}", history.slug);
        }
        let total: usize = histories.iter().map(|h| h.calls.len()).sum();
        assert!((100_000..260_000).contains(&total), "{total} calls: the demo must fill within a minute");
    }

    /// The days on which trials of a product end, for those who were not heard of since they signed up.
    fn trial_ends(history: &History) -> Vec<String> {
        let statuses = statuses(history);
        let ends = |call: &Call| match (call, &call.who().email) {
            (Call::Identify(call), Some(email)) => match call.edits.get("trial_ends") {
                Some(Edit::Set(day)) if statuses[email.as_str()] == [Status::Trial] => {
                    day.as_str().map(str::to_owned)
                }
                _ => None,
            },
            _ => None,
        };
        history.calls.iter().filter_map(ends).collect()
    }

    #[test]
    fn trials_are_about_to_end_however_small_the_demo_and_whatever_the_day() {
        let day = jiff::Span::new().hours(24 + 1);
        let mut now = now();
        for _ in 0..60 {
            let [first, _, last] = &histories(1, 30, now)[..] else { panic!("three products") };
            let today = now.strftime("%Y-%m-%d").to_string();
            for history in [first, last] {
                let soon = trial_ends(history).iter().filter(|ends| **ends >= today).count();
                assert!(soon > 0, "{} on {now}", history.slug);
            }
            now += day;
        }
    }
}
