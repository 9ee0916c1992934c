//! Random customers and random filters from one small vocabulary, so that they meet often. The server's tests include
//! this file too. Everything follows from a seed: print it and the case comes back.

mod customers;
mod filters;

pub(crate) use customers::customers;
#[allow(unused_imports, reason = "the file is shared with tests of what holds the present only")]
pub(crate) use filters::{expr, expr_of_any_time};

use filter::Segment;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::table::Catalogue;
use filters::SEGMENTS;

/// The segments that random filters may name.
pub(crate) fn catalogue() -> Catalogue {
    let texts =
        ["params.plan = \"pro\"", "params.mrr > 1", "params.plan is string and not params.plan exists"];
    let segment =
        |(name, text): (&&str, &str)| ((*name).to_owned(), Segment { text: text.to_owned(), project: None });
    Catalogue { segments: SEGMENTS.iter().zip(texts).map(segment).collect() }
}

/// A source of chance (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    pub(crate) fn word(&mut self) -> String {
        (*self.pick(&WORDS)).to_owned()
    }

    /// Text of letters that fold in unusual ways and of characters that mean something to SQL, LIKE and regular
    /// expressions.
    pub(crate) fn text(&mut self, longest: usize) -> String {
        let length = self.below(longest + 1);
        let letters: Vec<char> = LETTERS.chars().collect();
        (0..length).map(|_| *self.pick(&letters)).collect()
    }
}

const WORDS: [&str; 14] = [
    "pro",
    "Pro",
    "PRO",
    "team",
    "free",
    "",
    "vip",
    "true",
    "null",
    "29",
    "Straße",
    "2026-03-10 ",
    "ſtar",
    "O'Brien",
];

const LETTERS: &str =
    "aAbBkK\u{212a}sSſßẞeéÉe\u{301}ÅåA\u{30a}\u{327}иИйσςΣµμİıIiłĐﬁが가กิกี่ .*+?()[]{}|^$\\'\"%_-/\n\t🙂";

pub(crate) const NUMBERS: [&str; 18] = [
    "0",
    "-0",
    "1",
    "1.0",
    "1.00",
    "-1",
    "2",
    "10",
    "19.9",
    "19.90",
    "1e1",
    "1E+1",
    "0.1",
    "1e-7",
    "9007199254740992",
    "9007199254740993",
    "100000000000000000000",
    "1234567890123456789012345678901234567890",
];

pub(crate) const KEYS: [&str; 9] =
    ["plan", "mrr", "tags", "when", "company", "weird key", "0", "", "ключ\"\\"];

/// The present moments and zones of the cases: mostly around changes of clocks.
pub(crate) fn clock(dice: &mut Dice) -> (Timestamp, TimeZone) {
    const CLOCKS: [(&str, &str); 12] = [
        ("2026-03-10T12:00:00Z", "UTC"),
        ("2026-03-09T03:30:00Z", "America/New_York"),
        ("2026-11-01T05:30:00Z", "America/New_York"),
        ("2026-03-29T00:30:00.123456Z", "Europe/Berlin"),
        ("2018-11-04T03:00:00Z", "America/Sao_Paulo"),
        ("2018-02-18T02:30:00Z", "America/Sao_Paulo"),
        ("2024-11-03T04:30:00Z", "America/Havana"),
        ("2011-12-30T10:00:00Z", "Pacific/Apia"),
        ("2024-02-29T18:15:00Z", "Asia/Kathmandu"),
        ("2010-11-07T02:31:00Z", "America/St_Johns"),
        ("2025-12-31T23:59:59.999999Z", "UTC"),
        ("2026-10-31T16:00:00Z", "Australia/Lord_Howe"),
    ];
    let (now, zone) = dice.pick(&CLOCKS);
    (now.parse().expect("a timestamp"), TimeZone::get(zone).expect("a zone"))
}

/// A time near now: often on the very edge of a unit.
pub(crate) fn near(dice: &mut Dice, now: Timestamp) -> Timestamp {
    let hours = dice.below(24 * 40) as i64 - 24 * 20;
    let near = match dice.below(4) {
        0 => now,
        1 => now + (hours / 24 * 24).hours(),
        2 => now + hours.hours(),
        _ => now + (hours * 365 / 20).hours() + (dice.below(86_400_000) as i64).milliseconds(),
    };
    let micro = 1.microsecond();
    let edge = match dice.below(4) {
        0 => near + micro,
        1 => near - micro,
        _ => near,
    };
    Timestamp::from_microsecond(edge.as_microsecond()).expect("near now")
}
