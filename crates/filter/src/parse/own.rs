//! Times of the customer's own: `first_seen + 14d`, right of another time and as the moment of `was (…)`.

use super::{Parser, Role, Wanted, first::FIRST};
use crate::calendar::Unit;
use crate::error::{Checked, Fault};
use crate::expr::{Comparison, Elapsed, Own, Start, Step, Test};
use crate::field::{self, Field};
use crate::lex::Lexeme;
use crate::span::{Span, Spanned};

/// Where such a time may stand.
const PLACES: &str = "a customer's own time stands right of a time field, first_paid < first_seen + 14d, or after on: \
                      was (status = paid) on first_seen + 14d";

/// Letters that may be wrong in the name of a time field.
const SLIPS_MAX: usize = 2;

/// What to write where times are compared in another way.
pub(super) fn write(meant: &str) -> String {
    let times = "first_seen, first_paid, status_since, last_activity, imported and first (…)";
    format!("write {meant}; only {times} can stand there")
}

/// The names of the time fields.
fn times() -> impl Iterator<Item = String> {
    Field::built_in().filter(|field| field.is_time()).map(Field::to_string)
}

/// The time field of that name, or the one of which it is probably a misspelt name.
pub(super) fn near(word: &str) -> Option<String> {
    match Field::named(word) {
        Some(field) => field.is_time().then(|| field.to_string()),
        None => times().find(|time| is_near(&word.to_lowercase(), time)),
    }
}

/// Whether a word differs from the name of a time field by a letter or two.
fn is_near(word: &str, time: &str) -> bool {
    // To measure the distance takes long, and most words are as far away as they are long.
    word.len().abs_diff(time.len()) <= SLIPS_MAX && strsim::damerau_levenshtein(word, time) <= SLIPS_MAX
}

impl Parser<'_> {
    /// The time field whose name stands some tokens ahead.
    fn own_field(&self, ahead: usize) -> Option<Field> {
        self.word(ahead).and_then(Field::named).filter(Field::is_time)
    }

    /// Whether an own time stands at the cursor: `first_seen`, `first (plan = pro)`, `14 days after first_seen`.
    pub(super) fn is_own(&self) -> bool {
        self.is_start(0) || self.counts_from_own()
    }

    /// Whether that which such times are counted from stands some tokens ahead.
    fn is_start(&self, ahead: usize) -> bool {
        self.own_field(ahead).is_some() || self.is_first(ahead)
    }

    /// Whether that is one with its amount first.
    pub(super) fn counts_from_own(&self) -> bool {
        self.counted_from().is_some()
    }

    /// How many tokens an amount takes that is counted from an own time, and whether backwards: `14 days before first_seen`.
    fn counted_from(&self) -> Option<(usize, bool)> {
        let (.., tokens) = self.amount().ok()??;
        let back = self.word_at(tokens, "before");
        let counts = back || self.word_at(tokens, "after");
        (counts && self.is_start(tokens + 1)).then_some((tokens, back))
    }

    /// `own := (time | first) ["+" | "-" number unit]`; or the amount first, and `after` or `before` behind it.
    pub(super) fn own(&mut self) -> Checked<Spanned<Own>> {
        let start = self.here();
        let counted = match self.counted_from() {
            Some((tokens, back)) => {
                let shift = self.elapsed(back)?;
                self.take_all(tokens + 1, Role::Date);
                Some(shift)
            }
            None => None,
        };
        let from = match self.own_field(0) {
            Some(field) => {
                self.take(Role::Date);
                Start::Field(field)
            }
            None if self.is_first(0) => Start::First(self.asked(FIRST)?),
            None => return Err(self.expected("a time field")),
        };
        let mut shift = counted;
        if shift.is_none() && matches!(self.kind(), Lexeme::Sign) {
            let back = self.here().of(self.text) == "-";
            self.take(Role::Date);
            let elapsed = self.elapsed(back)?;
            let tokens = self.amount()?.map_or(1, |(.., tokens)| tokens);
            self.take_all(tokens, Role::Date);
            shift = Some(elapsed);
        }
        self.wants(Wanted::Connector);
        let time = Spanned::new(start.to(self.previous()), Own { from, shift });
        if self.is_range() {
            let fault = Fault::new(time.span.to(self.here()), "a period has no times of the customer's own");
            return Err(fault.hint(format!("compare with each end: >= {} and … <= …", time.value)));
        }
        Ok(time)
    }

    /// The amount of elapsed time at the cursor.
    fn elapsed(&self, back: bool) -> Checked<Elapsed> {
        let Some((amount, step, tokens)) = self.amount()? else {
            return Err(self
                .lacks_unit(self.here(), false)
                .unwrap_or_else(|| self.expected("an amount of time").hint("for example 14d, 2w or 30min")));
        };
        let span = self.here().to(self.token(tokens - 1).span);
        // A year's months have 365 days together, so twelve of them are as long as it.
        let months = match step {
            Step::Calendar(Unit::Month) => 1,
            Step::Calendar(Unit::Quarter) => 3,
            Step::Calendar(Unit::Year) => 12,
            _ => return Ok(Elapsed { back, amount, step }),
        };
        let days = u64::from(amount) * months * 365 / 12;
        let message = format!(
            "a customer's own times are counted in elapsed time, and no {} is as long as another",
            step.as_str()
        );
        Err(Fault::new(span, message).meant(vec![format!("{days}d")]))
    }

    /// `= != < <= > >=` and an own time, if that stands right of the operator. Right of other fields than times its words are
    /// text, as they always were, but where they make no sense as one.
    pub(super) fn compared_with_own(
        &mut self,
        field: &Field,
        comparison: Comparison,
    ) -> Checked<Option<Test>> {
        if field.is_time() {
            if self.is_own() {
                return Ok(Some(Test::Own(comparison, self.own()?)));
            }
            self.refuse_shifted_path(field, comparison)?;
            return self.refuse_slip(&format!("{field} is a time")).map(|()| None);
        }
        self.refuse_shifted_path(field, comparison)?;
        let is_ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        // Only right of a time field is the sign a token of its own.
        let is_shifted = self.word(1).is_some_and(|word| word.starts_with(['+', '-']));
        let text = self.own_field(0).is_some() && !is_ordered && !is_shifted;
        if text || !self.is_own() {
            return Ok(None);
        }
        let message = format!("{field} is no time field, so no own time is compared with it");
        // Left of the operator stands the field, perhaps with a not between them.
        let before = (2..=3).filter_map(|back| Some(self.tokens[self.at.checked_sub(back)?].span));
        let is_field = |span: &Span| field::resolve(*span, span.of(self.text)).is_ok_and(|it| it == *field);
        let named = before.into_iter().find(is_field);
        if let Some((span, meant)) = named.and_then(|span| Some((span, near(span.of(self.text))?))) {
            return Err(Fault::new(span, message).meant(vec![meant]));
        }
        Err(Fault::new(self.here(), message).hint(format!("{PLACES}; text is put in quotes")))
    }

    /// Refuses `first_sen` where a time stands, which is said.
    pub(super) fn refuse_slip(&self, said: &str) -> Checked<()> {
        let Some(word) = self.word(0).filter(|word| word.parse::<f64>().is_err()) else { return Ok(()) };
        let is_slip = Field::named(word).is_none();
        let Some(meant) = near(word).filter(|_| is_slip) else { return Ok(()) };
        let fault = Fault::new(self.here(), format!("{said}; expected a date, found {word}"));
        Err(fault.meant(vec![meant]))
    }

    /// What is wrong with an own time in place of a period, if that stands here.
    pub(super) fn own_is_no_period(&self, instead: &str) -> Checked<()> {
        if !self.is_own() {
            return Ok(());
        }
        let fault = Fault::new(self.here(), "a customer's own time is a moment, and this asks for a period");
        Err(fault.hint(format!("write {instead}")))
    }
}
