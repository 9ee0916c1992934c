//! The first time that something was true, and what is asked of it: `first (plan = pro) < first_seen + 14d`.

use super::{Parser, Role, Wanted};
use crate::error::{Checked, Fault};
use crate::expr::{Clause, Comparison, Node, Test, When};
use crate::field::Field;
use crate::lex::Lexeme;
use crate::span::{Span, Spanned};

/// The word.
pub(super) const FIRST: &str = "first";

/// What may stand right of it is what may stand right of a time field.
const LIKE: Field = Field::FirstSeen;

impl Parser<'_> {
    /// Whether `first` and a filter stand some tokens ahead, and not a key of that name or a word to search for.
    pub(super) fn is_first(&self, ahead: usize) -> bool {
        self.word_at(ahead, FIRST) && matches!(self.token(ahead + 1).kind, Lexeme::Open)
    }

    /// `first ("=" | "!=" | "<" | "<=" | ">" | ">=") (moment | own)` or `first ["not"] "in" period`
    pub(super) fn first(&mut self) -> Checked<Node> {
        let start = self.here();
        let filter = self.asked(FIRST)?;
        let first = start.to(self.previous());
        self.wants(Wanted::First);
        let negated = self.is_not(0);
        if negated {
            self.take(Role::Operator);
            self.wants(Wanted::First);
        }
        let (test, negated) = self.asked_of_first(first, negated)?;
        let node = Spanned::new(first.to(self.previous()), Clause::First { filter, test });
        Ok(if negated { Spanned::new(node.span, Clause::Not(Box::new(node))) } else { node })
    }

    /// What is asked of a first time, and whether a `not` before it is still to be applied.
    fn asked_of_first(&mut self, first: Span, negated: bool) -> Checked<(Test, bool)> {
        let comparison = match (self.kind(), self.word(0).map(str::to_ascii_lowercase).as_deref()) {
            (Lexeme::Compare(comparison), _) => *comparison,
            (_, Some("before")) => Comparison::Less,
            (_, Some("after")) => Comparison::Greater,
            (_, Some("in" | "during" | "within")) => {
                self.take(Role::Operator);
                self.own_is_no_period("first (…) >= … and first (…) <= …")?;
                if matches!(self.kind(), Lexeme::Open) {
                    let fault = self.expected("a period after in");
                    return Err(fault.hint("for example in last 7 days or in 2026-01-01 .. 2026-03-31"));
                }
                return Ok((self.during(&LIKE, negated)?, false));
            }
            _ => return Err(self.first_alone(first)),
        };
        self.take(Role::Operator);
        if self.is_own() {
            return Ok((Test::Own(comparison, self.own()?), negated));
        }
        self.refuse_moved_path(|shift| format!("first (…) {} first_seen {shift}", comparison.as_str()))?;
        self.refuse_slip("first (…) is a time")?;
        if self.is_period() {
            let fault = Fault::new(self.here(), "a period is asked for by in");
            return Err(fault.hint("write first (…) in last 30 days"));
        }
        Ok((self.compared(&LIKE, comparison)?, negated))
    }

    /// What is wrong with a `first (…)` of which nothing is asked.
    fn first_alone(&self, first: Span) -> Box<Fault> {
        let fault = self.expected("a comparison or in after first (…)");
        let written = first.of(self.text);
        let mut ahead = self.look(0);
        let (span, meant) = match ahead.when() {
            _ if self.is("exists") => (first.to(self.here()), format!("was{}", &written[FIRST.len()..])),
            Ok(When::Ever) if !self.asks_more() => (first, format!("was{}", &written[FIRST.len()..])),
            Ok(when) if when != When::Ever => {
                (first.to(ahead.previous()), format!("{written} {}", then(&when)))
            }
            _ => return fault.hint("for example first (plan = pro) < first_seen + 14d, or in last 30 days"),
        };
        match self.is_fixed_by(span, &meant) {
            true => Fault::new(span, fault.message.clone()).meant(vec![meant]),
            false => fault,
        }
    }

    /// Whether something stands here that is not the next condition.
    fn asks_more(&self) -> bool {
        !self.ends() && !self.is_and() && !self.is_or() && !matches!(self.kind(), Lexeme::Close)
    }
}

/// A time as a question about a first time.
pub(super) fn then(when: &When) -> String {
    match when {
        When::Ever => String::new(),
        When::On(moment) => format!("= {}", moment.value),
        When::Own(time) => format!("= {}", time.value),
        When::In(period) => format!("in {}", period.value),
    }
}
