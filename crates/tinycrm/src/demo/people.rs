//! People who do not exist, at addresses that nobody can own (RFC 2606).

use std::{collections::HashMap, sync::LazyLock};

use super::dice::Dice;

/// Words of a list.
type Words = LazyLock<Vec<&'static str>>;

fn words(text: &'static str) -> Vec<&'static str> {
    text.split_whitespace().collect()
}

static FIRST: Words = LazyLock::new(|| words(include_str!("words/first.txt")));
static LAST: Words = LazyLock::new(|| words(include_str!("words/last.txt")));
static QUALITY: Words = LazyLock::new(|| words(include_str!("words/quality.txt")));
static THING: Words = LazyLock::new(|| words(include_str!("words/thing.txt")));
const KIND: &[(&str, u32)] =
    &[("", 6), (" Labs", 3), (" Studio", 3), (" Ltd", 2), (" GmbH", 2), (" Inc", 2), (" & Co", 1)];

/// Two letters, and how often.
static COUNTRIES: LazyLock<Vec<(&str, u32)>> = LazyLock::new(|| {
    let text = "US=310 DE=110 GB=100 IN=70 FR=60 CA=50 NL=42 ES=38 BR=36 AU=34 IT=28 PL=26 SE=22 CH=18 JP=16 \
        PT=15 DK=12 AT=12 MX=11 TR=10 NG=8 IE=8 NO=8 CZ=7 KR=7 ZA=6 SG=6 NZ=5";
    let pairs = words(text).into_iter().filter_map(|pair| pair.split_once('='));
    pairs.filter_map(|(country, weight)| Some((country, weight.parse().ok()?))).collect()
});

const MAIL: &[(&str, u32)] = &[
    ("example.com", 50),
    ("example.org", 12),
    ("example.net", 12),
    ("mail.example.com", 14),
    ("post.example.org", 6),
    ("inbox.example.net", 6),
];

/// Somebody.
#[derive(Clone, Debug)]
pub struct Person {
    /// Unique among all of them.
    pub email: String,
    /// First and last.
    pub name: String,
    /// Where they work, unless they are on their own.
    pub company: Option<Company>,
    /// Two letters.
    pub country: &'static str,
}

/// A company that does not exist either.
#[derive(Clone, Debug)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub country: &'static str,
    /// How many people work there.
    pub size: i64,
}

/// So many people, each with an address of their own.
pub fn people(count: usize, dice: &mut Dice) -> Vec<Person> {
    let companies: Vec<(Company, String)> = (0..count / 6 + 1).map(|_| company(dice)).collect();
    let mut taken = HashMap::new();
    (0..count).map(|_| person(&companies, &mut taken, dice)).collect()
}

fn person(companies: &[(Company, String)], taken: &mut HashMap<String, u32>, dice: &mut Dice) -> Person {
    let (first, last) = (*dice.pick(&FIRST), *dice.pick(&LAST));
    let employer = dice.chance(0.45).then(|| &companies[dice.long_tail(companies.len())]);
    let domain = match employer {
        Some((_, domain)) if dice.chance(0.8) => domain.as_str(),
        _ => dice.weighted(MAIL),
    };
    let (f, l) = (plain(first), plain(last));
    let local = match dice.between(0, 10) {
        0..5 => format!("{f}.{l}"),
        5..7 => format!("{}{l}", &f[..1]),
        7..9 => f,
        _ => format!("{f}{}", dice.between(70, 99)),
    };
    let email = unique(&local, domain, taken);
    let company = employer.map(|(company, _)| company.clone());
    let country = company.as_ref().map_or_else(|| *dice.weighted(&COUNTRIES), |company| company.country);
    Person { email, name: format!("{first} {last}"), company, country }
}

fn company(dice: &mut Dice) -> (Company, String) {
    let (quality, thing) = (*dice.pick(&QUALITY), *dice.pick(&THING));
    let name = format!("{quality} {thing}{}", dice.weighted(KIND));
    let domain = format!("{}{}.example.com", quality.to_lowercase(), thing.to_lowercase());
    // Most companies are small, a few have thousands of people.
    let size = (2.0 + dice.wait(1.6).exp() * 3.0).min(5000.0) as i64;
    let country = dice.weighted::<&str>(&COUNTRIES);
    (Company { name, country, size }, domain)
}

/// The address, with a number where somebody has it already.
fn unique(local: &str, domain: &str, taken: &mut HashMap<String, u32>) -> String {
    let email = format!("{local}@{domain}");
    let times = taken.entry(email.clone()).or_insert(0);
    *times += 1;
    match *times {
        1 => email,
        n => unique(&format!("{local}{n}"), domain, taken),
    }
}

/// A name as people write it in an address.
fn plain(name: &str) -> String {
    let letter = |c: char| match c {
        'á' | 'ä' => 'a',
        'é' | 'è' => 'e',
        'í' | 'ı' => 'i',
        'ó' | 'ö' | 'ø' => 'o',
        'ü' | 'ú' => 'u',
        'ñ' => 'n',
        c => c,
    };
    name.to_lowercase().chars().map(letter).filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use server::model::Email;

    use super::*;

    #[test]
    fn everybody_has_a_valid_address_of_their_own_that_nobody_can_own() {
        let people = people(5000, &mut Dice::new(1));
        let addresses: HashSet<&str> = people.iter().map(|p| p.email.as_str()).collect();
        assert_eq!(addresses.len(), 5000);
        for email in addresses {
            assert_eq!(Email::parse(email).unwrap().as_str(), email);
            assert!(
                ["example.com", "example.org", "example.net"].iter().any(|d| email.ends_with(d)),
                "{email}"
            );
        }
    }
}
