//! What was and what changed: `was (…) on 2026-03-01`, `seen in last month`, `plan changed to "pro" in last 14 days`.

use super::shared::Values;
use super::{MISSING, Parser, Role, Wanted};
use crate::error::{Checked, Fault};
use crate::expr::{
    Clause, Comparison, Condition, DateLiteral, Direction, Node, Origin, Period, Side, Step, Test, When,
};
use crate::field::Field;
use crate::lex::Lexeme;
use crate::span::{Span, Spanned};

impl Parser<'_> {
    /// `was := "was" "(" filter ")" [("on" moment) | ("in" period)]`
    pub(super) fn was(&mut self) -> Checked<Node> {
        let start = self.here();
        let filter = self.asked("was")?;
        self.wants(Wanted::When);
        let when = self.when()?;
        Ok(Spanned::new(start.to(self.previous()), Clause::Was { filter, when }))
    }

    /// A word that asks about the past, and the filter behind it.
    pub(super) fn asked(&mut self, word: &'static str) -> Checked<Box<Node>> {
        self.take(Role::Keyword);
        let outside = self.past.replace(word);
        let filter = self.parenthesised()?;
        self.past = outside;
        Ok(Box::new(filter))
    }

    /// What is wrong with `was plan = pro`.
    pub(super) fn bare_was(&self) -> Box<Fault> {
        let fault = Fault::new(self.here(), "was asks of a filter in parentheses");
        fault.hint(format!("write was ({} …)", self.token(1).span.of(self.text)))
    }

    /// Whether `was` and a filter stand here, and not a key of that name.
    pub(super) fn is_was(&self) -> bool {
        self.is("was") && matches!(self.token(1).kind, Lexeme::Open)
    }

    /// Whether `seen` stands here as what it is in the language, and not as a key of that name.
    pub(super) fn is_seen(&self) -> bool {
        self.is("seen")
            && (self.word_at(1, "at") && self.word_at(2, "least")
                || self.is_within(1) && !matches!(self.token(2).kind, Lexeme::Open)
                || self.is_time_at(1))
    }

    /// Whether a time stands some tokens ahead: `last week`, `since 2026-01-01`, `3 days ago`, `on 2026-03-01`.
    fn is_time_at(&self, ahead: usize) -> bool {
        let mut there = self.look(ahead);
        let said = there.is("on") || there.is("since");
        if said {
            there.at += 1;
        }
        (!said && there.is_period()) || matches!(there.date(Some(Comparison::Equal)), Ok(Some(_)))
    }

    /// `seen := "seen" ["at" "least" number "days"] "in" period`; the `in` may be left out.
    pub(super) fn seen(&mut self) -> Checked<Node> {
        let start = self.take(Role::Keyword);
        let mut least = 1;
        if self.is("at") {
            self.take_all(2, Role::Keyword);
            least = self.days()?;
            self.wants(Wanted::MovedIn);
        }
        if !self.is_within(0) && !self.is_time_at(0) {
            let hint = format!("write seen at least {least} days in last 7 days");
            return Err(self.expected("in and a period").hint(hint));
        }
        if self.is_within(0) || self.is("on") {
            self.take(Role::Keyword);
        }
        let period = self.past_period()?;
        Ok(Spanned::new(start.to(self.previous()), Clause::Seen { least, period }))
    }

    /// `3 days`
    fn days(&mut self) -> Checked<u32> {
        let hint = "write seen at least 3 days in last 7 days";
        let number = self.word(0).and_then(|word| word.parse::<u32>().ok()).filter(|days| *days > 0);
        let Some(least) = number else { return Err(self.expected("a number of days").hint(hint)) };
        self.take(Role::Number);
        self.wants(Wanted::Days);
        if !self.is("day") && !self.is("days") {
            let mut fault = self.expected("days").hint(hint);
            if self.is("time") || self.is("times") {
                fault.candidates = vec!["days".to_owned()];
            }
            return Err(fault);
        }
        self.take(Role::Keyword);
        Ok(least)
    }

    /// When something was true. A time may also follow without a word before it: `was (…) 30 days ago`.
    pub(super) fn when(&mut self) -> Checked<When> {
        if self.is_within(0) {
            self.take(Role::Keyword);
            return self.past_period().map(When::In);
        }
        if self.is_period() || self.is("since") {
            return self.past_period().map(When::In);
        }
        if self.is_bound() {
            return Err(self.bounded(self.expected("on or in after was (…)")));
        }
        let said = self.is("on") || self.is("at");
        if said {
            self.take(Role::Keyword);
            self.wants(Wanted::On);
        }
        if said && self.is_own() || !said && self.counts_from_own() {
            return self.own().map(When::Own);
        }
        if said {
            self.refuse_moved_path(|shift| format!("was (…) on first_seen {shift}"))?;
            self.refuse_slip("on asks of a moment")?;
        }
        let start = self.here();
        let moment = match said {
            true => Some(self.required_date()?),
            false => self.date(Some(Comparison::Equal))?,
        };
        let Some(moment) = moment else { return Ok(When::Ever) };
        self.wants(Wanted::Connector);
        Ok(When::On(Spanned::new(start.to(self.previous()), moment)))
    }

    /// Whether a word stands some tokens ahead that a period follows.
    fn is_within(&self, ahead: usize) -> bool {
        ["in", "during", "within"].iter().any(|word| self.word_at(ahead, word))
    }

    /// A period that is over or under way. A single date is all of that day; `since` goes on to this day.
    pub(super) fn past_period(&mut self) -> Checked<Spanned<Period>> {
        self.wants(Wanted::Past);
        let start = self.here();
        let period = match self.is_period() {
            true => self.counted_or_calendar()?,
            false => self.dates()?,
        };
        self.wants(Wanted::Connector);
        Ok(Spanned::new(start.to(self.previous()), period))
    }

    /// `moment ".." moment`, or one of them.
    fn dates(&mut self) -> Checked<Period> {
        if self.is("since") {
            self.take(Role::Date);
            self.wants(Wanted::Moment);
            return Ok(Period::Between(self.required_date()?, DateLiteral::Today));
        }
        self.own_is_no_period("was (…) on and the time")?;
        self.refuse_bare_amount()?;
        let Some(from) = self.date(Some(Comparison::Equal))? else {
            let nearly = self.nearly_a_period();
            return Err(nearly.unwrap_or_else(|| {
                self.expected("a period")
                    .hint("for example last 14 days, last month or 2026-01-01 .. 2026-03-31")
            }));
        };
        if !self.is_range() {
            let day = whole_day(from);
            return Ok(Period::Between(day, day));
        }
        self.take(Role::Date);
        Ok(Period::Between(from, self.required_date()?))
    }

    /// Refuses `in 30 days`: of the past only the last ones are known.
    fn refuse_bare_amount(&self) -> Checked<()> {
        let Some((.., tokens)) = self.amount()? else { return Ok(()) };
        if self.word_at(tokens, "ago") {
            return Ok(());
        }
        let span = self.here().to(self.token(tokens - 1).span);
        let amount = span.of(self.text);
        Err(Fault::new(span, format!("{amount} is no period")).meant(vec![format!("last {amount}")]))
    }

    /// `changed := "changed" ["from" side] ["to" side] ["in" period]`; the parts may come in any order.
    pub(super) fn changed(&mut self, field: &Field) -> Checked<Test> {
        let operator = self.at;
        self.take(Role::Operator);
        let (mut sides, mut values) = ([None, None], <[Values; 2]>::default());
        let mut period: Option<Spanned<Period>> = None;
        loop {
            let [from, to] = [0, 1].map(|side| sides[side].is_none());
            self.wants(if period.is_none() { Wanted::Change { from, to } } else { Wanted::Connector });
            if let Some(side) = ["from", "to"].into_iter().position(|word| self.is(word))
                && sides[side].is_none()
            {
                self.take(Role::Operator);
                let value = self.side(field)?;
                values[side] = self.joined_values(value.span);
                sides[side] = Some(value);
                continue;
            }
            if period.is_some() {
                break;
            }
            period = self.of_a_period()?;
            if period.is_none() {
                break;
            }
        }
        if values.iter().any(Values::are_joined) {
            let period = period.map_or_else(String::new, |period| format!(" in {}", period.value));
            return Err(self.joined_sides(operator, &values, &period));
        }
        if period.is_none() && !self.ends() {
            self.refuse_after_changed(field, sides.iter().all(Option::is_none))?;
        }
        let [from, to] = sides;
        Ok(Test::Changed { from, to, period })
    }

    /// Refuses what people write after `changed` in place of `to`, and a `from` that comes late.
    fn refuse_after_changed(&self, field: &Field, alone: bool) -> Checked<()> {
        let fault = || self.expected("from, to or in after changed");
        match self.kind() {
            _ if self.is_bound() => Err(self.bounded(fault())),
            _ if self.is("recently") || self.is("lately") => {
                Err(fault().meant(vec!["in last 30 days".to_owned()]))
            }
            Lexeme::Text(_) | Lexeme::Word if alone && !self.is_reserved() && !self.operator_at(1) => {
                let value = self.here().of(self.text);
                Err(fault().hint(format!("write {field} changed to {value}")))
            }
            Lexeme::Compare(_) if alone => Err(fault().hint(format!("write {field} changed to …"))),
            _ => Ok(()),
        }
    }

    fn side(&mut self, field: &Field) -> Checked<Spanned<Side>> {
        if self.is(MISSING) {
            let span = self.take(Role::Constant);
            return Ok(Spanned::new(span, Side::Missing));
        }
        let literal = self.literal(field, None)?;
        Ok(Spanned::new(literal.span, Side::Value(literal.value)))
    }

    /// `in period`; the `in` may be left out, and a time may follow `on` or `at`.
    fn of_a_period(&mut self) -> Checked<Option<Spanned<Period>>> {
        if self.is_within(0) || self.is("on") || self.is("at") {
            self.take(Role::Operator);
            return self.past_period().map(Some);
        }
        let is_time =
            self.is_period() || self.is("since") || is_time_word(self.word(0)) || self.amount()?.is_some();
        if is_time { self.past_period().map(Some) } else { Ok(None) }
    }

    /// `("increased" | "decreased") "in" period`
    pub(super) fn moved(&mut self, field: &Field, direction: Direction) -> Checked<Test> {
        self.take(Role::Operator);
        self.wants(Wanted::MovedIn);
        match self.of_a_period()? {
            Some(period) => Ok(Test::Moved(direction, period)),
            // What moved was a number at its beginning.
            None if self.is("before") || self.is("until") || self.is("till") => {
                let hint =
                    format!("say since when: {field} {} in 2026-01-01 .. 2026-03-31", direction.as_str());
                Err(self.expected("in and a period").hint(hint))
            }
            None if self.is_bound() => Err(self.bounded(self.expected("in and a period"))),
            None => {
                let hint = format!("write {field} {} in last month", direction.as_str());
                Err(self.expected("in and a period").hint(hint))
            }
        }
    }

    /// Whether a value stands some tokens ahead, and neither what joins nor a time.
    fn is_value_at(&self, ahead: usize) -> bool {
        let times = ["on", "at", "during", "within", "since", "last", "this", "today", "yesterday"];
        match self.token(ahead).kind {
            Lexeme::Text(_) => true,
            Lexeme::Word => {
                !self.is_reserved_at(ahead) && !times.iter().any(|word| self.word_at(ahead, word))
            }
            _ => false,
        }
    }

    /// `plan was free 30 days ago`, which newcomers type for `was (plan = free) on now - 30d`.
    pub(super) fn field_was(&mut self, start: Span, field: Field) -> Checked<Node> {
        self.take(Role::Operator);
        let negated = self.is_not(0);
        if negated {
            self.take(Role::Operator);
        }
        let mut values = Values::default();
        let (test, not) = match *self.kind() {
            _ if self.is(MISSING) => {
                self.take(Role::Constant);
                (Test::Exists, !negated)
            }
            _ if self.operator_at(0) && !self.is("was") && !self.is("is") => self.test(&field, negated)?,
            _ => {
                // `plan was ever pro`
                if (self.is("ever") || self.is("once")) && self.is_value_at(1) {
                    self.take(Role::Keyword);
                }
                let literal = self.literal(&field, Some(Comparison::Equal))?;
                values = self.joined_values(literal.span);
                (Test::Compare(Comparison::Equal, literal), negated)
            }
        };
        let span = start.to(self.previous());
        let condition = Condition { field: Spanned::new(start, field), test };
        let mut filter = Spanned::new(span, Clause::Condition(condition));
        if not {
            filter = Spanned::new(span, Clause::Not(Box::new(filter)));
        }
        self.wants(Wanted::When);
        let time = self.here();
        let when = self.when()?;
        let whole = start.to(self.previous());
        if values.are_joined() {
            let said = if when == When::Ever { Span::default() } else { Span::new(time.start, whole.end) };
            return Err(self.joined_was(start, negated, &values, said));
        }
        Ok(Spanned::new(whole, Clause::Was { filter: Box::new(filter), when }))
    }
}

/// A day stands for all of it: `3 days ago` is that day, and not the moment of then.
fn whole_day(moment: DateLiteral) -> DateLiteral {
    match moment {
        DateLiteral::Shifted { from: Origin::Now, back, amount, step: step @ Step::Calendar(_) } => {
            DateLiteral::Shifted { from: Origin::Today, back, amount, step }
        }
        other => other,
    }
}

/// Whether a time begins with this word.
fn is_time_word(word: Option<&str>) -> bool {
    let Some(word) = word else { return false };
    ["today", "yesterday"].iter().any(|day| day.eq_ignore_ascii_case(word))
        || crate::value::moment(word).is_some()
}
