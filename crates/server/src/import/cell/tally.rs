//! What the cells of a column look like, counted over all rows: it says how amounts are written, and what would be read as
//! text that is something else.

use filter::date_form;

use crate::{
    import::cell::{
        amount::{Decimal, Evidence, amount},
        value::{self, Type, shown},
    },
    model::{elsewhere::letters, flag::flag},
};

/// How many cells of a column are shown.
const EXAMPLES: usize = 3;

/// What the cells of one column look like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// A few cells, each another.
    pub(crate) examples: Vec<String>,
    /// Cells that say something, but for the words that mean nothing.
    filled: u64,
    /// Words that mean nothing, such as NULL.
    nothings: u64,
    plain: u64,
    /// Amounts in another form than a plain number.
    amounts: u64,
    percents: u64,
    point: u64,
    comma: u64,
    /// `1,290`: with a comma, and could be either.
    either_comma: u64,
    either_point: u64,
    /// Numbers with an exponent.
    exponents: u64,
    /// Digits with a zero or a plus in front: they are ids, and stay text.
    ids: u64,
    booleans: u64,
    objects: u64,
    lists: u64,
    /// Words with commas or bars between them.
    word_lists: u64,
    /// How many cells fit each form of a date; empty until one fits any.
    dates: Vec<u64>,
    /// The first cell that is in another form.
    odd: Option<String>,
}

/// What would read a column better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) detail: String,
    pub(crate) hint: String,
}

impl Tally {
    /// Keeps a cell as an example.
    pub(crate) fn show(&mut self, cell: &str) {
        let bare = cell.trim();
        let is_new = self.examples.len() < EXAMPLES && !bare.is_empty();
        let shown = || -> String { bare.chars().take(60).collect() };
        if is_new && !self.examples.contains(&shown()) {
            self.examples.push(shown());
        }
    }

    /// Takes a cell in.
    pub(crate) fn see(&mut self, cell: &str) {
        let bare = cell.trim();
        if value::is_nothing(bare) {
            self.nothings += u64::from(bare.chars().any(char::is_alphabetic));
            self.show(bare);
            return;
        }
        self.filled += 1;
        self.show(bare);
        let first = bare.bytes().next().unwrap_or_default();
        if value::plain(bare).is_some() {
            self.plain += 1;
            self.weigh(bare);
            return;
        }
        let is_odd = match first {
            b'{' => count(&mut self.objects, value_of(bare).is_some_and(|value| value.is_object())),
            b'[' => count(&mut self.lists, value_of(bare).is_some_and(|value| value.is_array())),
            _ if value::boolean(bare).is_some() => count(&mut self.booleans, true),
            _ => self.see_figures(bare) || count(&mut self.word_lists, are_words(bare)),
        };
        if is_odd && self.odd.is_none() {
            self.odd = Some(bare.to_owned());
        }
    }

    /// Amounts and dates.
    fn see_figures(&mut self, bare: &str) -> bool {
        if !bare.bytes().any(|byte| byte.is_ascii_digit()) {
            return false;
        }
        let is_exponent = bare.contains(['e', 'E'])
            && serde_json::from_str::<serde_json::Number>(&bare.replace("E+", "E")).is_ok();
        if count(&mut self.exponents, is_exponent) {
            return true;
        }
        let is_dressed = |c: char| !c.is_ascii_digit() && c != ' ';
        let is_id = bare.starts_with('+') || !bare.chars().any(is_dressed);
        self.ids += u64::from(is_id);
        if let Some(amount) = amount(bare).filter(|_| !is_id) {
            let reads = amount.plain(Decimal::Point).or_else(|| amount.plain(Decimal::Comma)).is_some();
            if count(&mut self.amounts, reads) {
                self.percents += u64::from(amount.is_percent);
                self.weigh(bare);
                return true;
            }
        }
        let forms = date_form::forms(bare);
        if !forms.is_empty() && self.dates.is_empty() {
            self.dates = vec![0; date_form::FORMS];
        }
        forms.iter().for_each(|form| self.dates[*form] += 1);
        !forms.is_empty()
    }

    fn weigh(&mut self, bare: &str) {
        match amount(bare).map(|amount| amount.evidence()) {
            Some(Evidence::Only(Decimal::Point)) => self.point += 1,
            Some(Evidence::Only(Decimal::Comma)) => self.comma += 1,
            Some(Evidence::Either) if bare.contains(',') => self.either_comma += 1,
            Some(Evidence::Either) => self.either_point += 1,
            _ => {}
        }
    }

    /// The decimal sign of the column's amounts: what most of those say that leave no choice; without any, a comma before
    /// three digits separates thousands.
    pub(crate) fn decimal(&self) -> Decimal {
        if self.comma > self.point { Decimal::Comma } else { Decimal::Point }
    }

    /// What is to be said about the decimal sign of a column that is read as amounts.
    pub(crate) fn about_decimal(&self, name: &str, kind: &Type) -> Option<Proposal> {
        let word = match kind {
            Type::Money(None) => "money",
            Type::Percent(None) => "percent",
            _ => return None,
        };
        let (decimal, other) = match self.decimal() {
            Decimal::Point => (Decimal::Point, Decimal::Comma),
            Decimal::Comma => (Decimal::Comma, Decimal::Point),
        };
        let hint = flag("type", &format!("{name}={word}:{other}"));
        let (both, either) = (self.point.min(self.comma), self.either_comma + self.either_point);
        let detail = match () {
            () if both > 0 => format!(
                "The amounts in {name} are read with the decimal sign '{decimal}', which most have; {both} have the other and are rejected."
            ),
            () if self.point + self.comma > 0 => {
                format!(
                    "The amounts in {name} are read with the decimal sign '{decimal}', as in {}.",
                    self.example()
                )
            }
            () if either > 0 => format!(
                "No amount in {name} says what its decimal sign is ({}): it is taken to be '{decimal}'.",
                self.example()
            ),
            () => return None,
        };
        Some(Proposal { detail, hint: format!("Otherwise add {hint}") })
    }

    /// What is to be said about numbers whose point may separate thousands: where all have three digits after it, or where
    /// the file writes other amounts with a comma.
    pub(crate) fn about_thousands(&self, name: &str, commas: bool) -> Option<Proposal> {
        let is_open = self.either_point > 0 && self.point + self.comma + self.either_comma == 0;
        let example = self.examples.iter().find(|example| example.contains('.'))?;
        (is_open && (commas || self.either_point == self.filled)).then(|| Proposal {
            detail: format!(
                "{name} has three digits after each point, as in {example}, and is read as decimals."
            ),
            hint: format!(
                "If the point separates thousands ({}), add {}",
                example.replace('.', ""),
                flag("type", &format!("{name}=money:,"))
            ),
        })
    }

    /// What is to be said about words that mean nothing, and are text where a column has no type.
    pub(crate) fn about_nothing(&self, name: &str) -> Option<Proposal> {
        let word = self.examples.iter().find(|example| value::is_nothing(example)).map(|word| shown(word));
        (self.nothings > 0).then(|| Proposal {
            detail: format!(
                "{name} holds a word for nothing such as {} {}, and keeps it as text.",
                word.unwrap_or_else(|| "NULL".to_owned()),
                if self.nothings == 1 { "once".to_owned() } else { format!("{} times", self.nothings) }
            ),
            hint: format!(
                "A type such as {} leaves such words out; so does an empty cell.",
                flag("type", &format!("{name}=number"))
            ),
        })
    }

    fn example(&self) -> String {
        let told = |cell: &&String| cell.contains([',', '.']);
        let example = self.odd.as_ref().filter(told).or_else(|| self.examples.iter().find(told));
        example.map(|cell| shown(cell)).unwrap_or_default()
    }

    /// Whether most cells are JSON objects.
    pub(crate) fn hold_objects(&self) -> bool {
        self.objects > 0 && self.objects * 2 > self.filled
    }

    /// What would read the column better than its looks, where most of its cells are something in another form.
    /// One column at most can be spread.
    pub(crate) fn proposal(&self, name: &str, can_spread: bool) -> Option<Proposal> {
        let most = |count: u64| count * 2 > self.filled;
        let odd = self.odd.as_deref().map(shown).unwrap_or_default();
        let typed = |kind: &str| flag("type", &format!("{name}={kind}"));
        let (count, what, hint) = match () {
            () if self.percents > 0
                && self.percents * 2 > self.amounts
                && most(self.plain + self.amounts) =>
            {
                (self.amounts, "amounts of per cent", typed("percent"))
            }
            () if self.amounts > 0 && most(self.plain + self.amounts) => {
                (self.amounts, "amounts", typed("money"))
            }
            () if self.exponents > 0 && most(self.plain + self.exponents) => (
                self.exponents,
                "numbers with an exponent, which may have lost digits",
                format!("{}, or keep ids as they are with {}", typed("number"), typed("string")),
            ),
            () if self.ids > 0 && self.plain > 0 && most(self.plain + self.ids) => {
                return Some(Proposal {
                    detail: format!(
                        "{} of {} cells of {name} begin with 0 or + and stay text; the others become numbers.",
                        self.ids, self.filled
                    ),
                    hint: format!("If they are ids, keep them all as text with {}", typed("string")),
                });
            }
            () if self.best_date().is_some_and(|(_, count)| most(count)) => {
                return self.best_date().map(|(form, _)| self.about_date(name, form));
            }
            () if self.hold_objects() && !can_spread => (self.objects, "JSON objects", typed("json")),
            () if self.hold_objects() => (
                self.objects,
                "JSON objects",
                format!(
                    "{} to make their keys params, or with {}",
                    flag("map", &format!("{name}=params")),
                    typed("json")
                ),
            ),
            () if self.lists > 0 && self.lists * 2 >= self.filled => (self.lists, "lists", typed("list")),
            () if self.word_lists > 0 && is_of_words(name) => (self.word_lists, "lists", typed("list")),
            () if self.booleans > 0 && self.is_yes_and_no() => {
                (self.booleans, "words for yes and no", typed("boolean"))
            }
            () => return None,
        };
        Some(Proposal {
            detail: format!(
                "{count} of {} cells of {name} are {what}, such as {odd}, and are read as text.",
                self.filled
            ),
            hint: format!("Read them with {hint}"),
        })
    }

    /// All cells are such words, and not only those that are typed by their looks.
    fn is_yes_and_no(&self) -> bool {
        let typed = |cell: &String| matches!(cell.to_lowercase().as_str(), "true" | "false");
        self.booleans == self.filled && !self.examples.iter().all(typed)
    }

    fn best_date(&self) -> Option<(usize, u64)> {
        let best = self.dates.iter().enumerate().max_by_key(|(form, count)| (**count, usize::MAX - form));
        best.map(|(form, count)| (form, *count)).filter(|(_, count)| *count > 0)
    }

    fn about_date(&self, name: &str, form: usize) -> Proposal {
        let format = date_form::format(form);
        let count = |format: &str| {
            let same = self.dates.iter().enumerate().find(|(form, _)| date_form::format(*form) == format);
            same.map_or(0, |(_, count)| *count)
        };
        let typed = |format: &str| flag("type", &format!("{name}=date:{format}"));
        let other = date_form::swapped(&format).filter(|other| count(other) == self.dates[form]);
        let odd = self.odd.as_deref().map(shown).unwrap_or_default();
        let hint = match other {
            Some(other) => format!(
                "Read them with {} or, if the day comes first, with {}",
                typed(&format),
                typed(&other)
            ),
            None => format!("Read them with {}", typed(&format)),
        };
        Proposal {
            detail: format!("Most of {name} are dates in another form, such as {odd}, and are read as text."),
            hint,
        }
    }
}

/// Whether a cell is several short words with commas or bars between them.
fn are_words(bare: &str) -> bool {
    let between = if bare.contains('|') { '|' } else { ',' };
    let is_word = |item: &str| (1..=30).contains(&item.trim().chars().count());
    bare.contains(between) && bare.split(between).all(is_word)
}

/// Whether a column's name says that its cells hold several words: `Berlin, Germany` is one.
fn is_of_words(name: &str) -> bool {
    const NAMES: [&str; 9] =
        ["tags", "labels", "groups", "segments", "topics", "interests", "categories", "roles", "features"];
    let letters = letters(name);
    NAMES.iter().any(|name| letters.ends_with(name))
}

fn count(counter: &mut u64, is: bool) -> bool {
    *counter += u64::from(is);
    is
}

fn value_of(text: &str) -> Option<serde_json::Value> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests;
