//! Amounts as people write them: `$1,290.00`, `29,90 €`, `(12.50)`, `12 %`. Which sign begins the decimals is for a column
//! to say: `1,290` alone could be either.

use std::{fmt, str::FromStr};

/// The sign before the decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimal {
    /// `1,290.00`
    #[default]
    Point,
    /// `1.290,00`
    Comma,
}

/// What one amount says of its column's decimal sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It can only be read with this one.
    Only(Decimal),
    /// It could be read with either, as another number: `1,290`.
    Either,
    /// It has no separators.
    Nothing,
}

/// An amount without its dress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount<'a> {
    is_negative: bool,
    /// Digits, and what separates them.
    figures: &'a str,
    /// Whether it says per cent.
    pub(crate) is_percent: bool,
}

/// Currencies as letters; signs are told by their looks.
const CURRENCIES: [&str; 42] = [
    "usd", "eur", "gbp", "chf", "jpy", "cny", "rmb", "inr", "brl", "cad", "aud", "nzd", "sek", "nok", "dkk",
    "pln", "czk", "huf", "ron", "bgn", "try", "rub", "uah", "zar", "mxn", "sgd", "hkd", "krw", "ils", "aed",
    "kr", "kr.", "zł", "kč", "ft", "lei", "rs", "rs.", "r", "us", "fr.", "sfr",
];

impl Decimal {
    fn sign(self) -> char {
        match self {
            Decimal::Point => '.',
            Decimal::Comma => ',',
        }
    }

    fn other(self) -> Decimal {
        match self {
            Decimal::Point => Decimal::Comma,
            Decimal::Comma => Decimal::Point,
        }
    }

    fn of(sign: char) -> Decimal {
        if sign == ',' { Decimal::Comma } else { Decimal::Point }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sign())
    }
}

impl FromStr for Decimal {
    type Err = String;

    fn from_str(text: &str) -> Result<Decimal, String> {
        match text {
            "." | "point" => Ok(Decimal::Point),
            "," | "comma" => Ok(Decimal::Comma),
            _ => Err(format!("\"{text}\" is no decimal sign; it is . or ,")),
        }
    }
}

/// Takes signs and currencies off; `None` when something else is left than figures.
pub(crate) fn amount(cell: &str) -> Option<Amount<'_>> {
    let mut text = cell.trim();
    let mut is_negative = false;
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        (text, is_negative) = (inner.trim(), true);
    }
    let mut is_percent = false;
    // Each turn takes one thing off either end: a sign may stand before or after the currency.
    loop {
        let before = text;
        for minus in ['-', '−', '–'] {
            let bare = text.strip_prefix(minus).or_else(|| text.strip_suffix(minus));
            if let Some(bare) = bare.filter(|_| !is_negative) {
                (text, is_negative) = (bare.trim(), true);
            }
        }
        if let Some(bare) = text.strip_suffix('%').or_else(|| text.strip_prefix('%')).filter(|_| !is_percent)
        {
            (text, is_percent) = (bare.trim(), true);
        }
        text = undress(text);
        if text == before {
            break;
        }
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    // `29,-` and `29.-` lost their dash above.
    let figures = if is_negative { text.trim_end_matches([',', '.']) } else { text };
    let dash = figures.len() < text.len();
    is_figures(figures).then_some(Amount { is_negative: is_negative && !dash, figures, is_percent })
}

/// Takes a currency off either end.
fn undress(text: &str) -> &str {
    let is_symbol = |c: char| matches!(c, '$' | '¢'..='¥' | '฿' | '\u{20a0}'..='\u{20cf}' | '﷼');
    let bare = text.trim_matches(is_symbol).trim();
    if bare.len() < text.len() {
        return bare;
    }
    let is_code = |word: &str| CURRENCIES.contains(&word.to_lowercase().as_str());
    let front = text.find(|c: char| c.is_ascii_digit() || c.is_whitespace() || c == '-' || is_symbol(c));
    if let Some((code, rest)) = front.map(|at| text.split_at(at)).filter(|(code, _)| is_code(code)) {
        let _ = code;
        return rest.trim();
    }
    let back = text.rfind(|c: char| c.is_ascii_digit() || c.is_whitespace() || is_symbol(c));
    let after = back.and_then(|at| text[at..].chars().next().map(|c| at + c.len_utf8()));
    match after.map(|at| text.split_at(at)).filter(|(_, code)| is_code(code)) {
        Some((rest, _)) => rest.trim(),
        None => text,
    }
}

fn is_figures(text: &str) -> bool {
    let ends_in_digits = text.ends_with(|c: char| c.is_ascii_digit());
    let begins = text.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with(['.', ',']);
    ends_in_digits
        && begins
        && text.chars().all(|c| c.is_ascii_digit() || is_blank(c) || matches!(c, '.' | ','))
}

/// What separates thousands and is never a decimal sign.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’')
}

impl Amount<'_> {
    /// What it says of its column's decimal sign.
    pub(crate) fn evidence(&self) -> Evidence {
        let mut signs = self.figures.char_indices().filter(|(_, c)| matches!(c, '.' | ','));
        let Some((first_at, first)) = signs.next() else { return Evidence::Nothing };
        let Some((_, last)) = signs.next_back() else {
            let (whole, decimals) = (&self.figures[..first_at], &self.figures[first_at + 1..]);
            let grouped = whole.contains(is_blank);
            let as_group = decimals.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
            let only = grouped || !as_group;
            return if only { Evidence::Only(Decimal::of(first)) } else { Evidence::Either };
        };
        let decimal = if first == last { Decimal::of(first).other() } else { Decimal::of(last) };
        Evidence::Only(decimal)
    }

    /// The number as JSON writes it; `None` when it cannot be read with this decimal sign.
    pub(crate) fn plain(&self, decimal: Decimal) -> Option<String> {
        let (whole, decimals) = match self.figures.split_once(decimal.sign()) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (self.figures, None),
        };
        if decimals.is_some_and(|decimals| !decimals.bytes().all(|b| b.is_ascii_digit())) {
            return None;
        }
        let groups: Vec<&str> = whole.split(|c: char| is_blank(c) || c == decimal.other().sign()).collect();
        if !are_groups(&groups) {
            return None;
        }
        let digits = groups.concat();
        let digits = match digits.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        let minus = if self.is_negative { "-" } else { "" };
        Some(match decimals {
            Some(decimals) => format!("{minus}{digits}.{decimals}"),
            None => format!("{minus}{digits}"),
        })
    }
}

/// Thousands, or the lakhs of India: three digits at the end, two or three before, one to three at the front.
fn are_groups(groups: &[&str]) -> bool {
    let [first, middle @ .., last] = groups else { return true };
    (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && last.len() == 3
        && middle.iter().all(|group| (2..=3).contains(&group.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cell, with which sign it must be read, and what it is with a point and with a comma.
    #[test]
    fn amounts_lose_their_dress() {
        use Decimal::{Comma, Point};
        use Evidence::{Either, Nothing, Only};
        for (cell, evidence, point, comma) in [
            ("$1,290.00", Only(Point), "1290.00", "!"),
            ("29,90 €", Only(Comma), "!", "29.90"),
            ("1.290,00\u{a0}€", Only(Comma), "!", "1290.00"),
            ("1,290", Either, "1290", "1.290"),
            ("1.290", Either, "1.290", "1290"),
            ("0.290", Only(Point), "0.290", "!"),
            ("1,234,567", Only(Point), "1234567", "!"),
            ("12,34,567.50", Only(Point), "1234567.50", "!"),
            ("1 290,00 kr", Only(Comma), "!", "1290.00"),
            ("CHF 1’290.50", Only(Point), "1290.50", "!"),
            ("1'290", Nothing, "1290", "1290"),
            ("(12.50)", Only(Point), "-12.50", "!"),
            ("-$5.00", Only(Point), "-5.00", "!"),
            ("$-5.00", Only(Point), "-5.00", "!"),
            ("−5", Nothing, "-5", "-5"),
            ("5-", Nothing, "-5", "-5"),
            ("29,- €", Nothing, "29", "29"),
            ("USD 29", Nothing, "29", "29"),
            ("29 usd", Nothing, "29", "29"),
            ("US$29", Nothing, "29", "29"),
            ("R$ 1.290,00", Only(Comma), "!", "1290.00"),
            ("29zł", Nothing, "29", "29"),
            ("+5.5", Only(Point), "5.5", "!"),
            (".5", Only(Point), "0.5", "!"),
            ("00.50", Only(Point), "0.50", "!"),
            ("12%", Nothing, "12", "12"),
            ("12,5 %", Only(Comma), "!", "12.5"),
        ] {
            let amount = amount(cell).unwrap_or_else(|| panic!("{cell} is an amount"));
            assert_eq!(amount.evidence(), evidence, "{cell}");
            for (decimal, expected) in [(Point, point), (Comma, comma)] {
                assert_eq!(amount.plain(decimal).as_deref().unwrap_or("!"), expected, "{cell} {decimal}");
            }
            assert_eq!(amount.is_percent, cell.contains('%'), "{cell}");
        }
    }

    #[test]
    fn other_texts_are_no_amounts() {
        for text in [
            "", "-", "$", "v1.0", "Q4 2026", "12a", "a12", "1/2", "12:30", "€€ x", "five", "%", "10.0.0.x",
            "1e5",
        ] {
            assert_eq!(amount(text), None, "{text:?}");
        }
        // These look like figures, and no decimal sign makes an amount of them.
        for text in ["10.0.0.1", "1,2,3", "12.345.6", "2026 01"] {
            let amount = amount(text).unwrap();
            assert_eq!(amount.plain(Decimal::Point).or(amount.plain(Decimal::Comma)), None, "{text:?}");
        }
    }
}
