//! Values joined where only conditions are: `plan changed to pro or team`. Read as it stands, the rest would be a search that
//! nobody meant; so it is refused, with the conditions written out.

use super::{MISSING, Parser, Role, joined};
use crate::error::{Checked, Fault};
use crate::expr::{Clause, Node, When};
use crate::field::Field;
use crate::lex::Lexeme;
use crate::span::Span;

/// The most conditions that are written out.
const WRITTEN_MAX: usize = 8;
/// So many tokens ahead a list of values is followed: each of them looks.
const AHEAD: usize = 64;

/// The values of one place, more than one where people joined them.
#[derive(Default)]
pub(super) struct Values {
    spans: Vec<Span>,
    /// The joining word.
    join: Option<&'static str>,
}

impl Values {
    pub(super) fn are_joined(&self) -> bool {
        self.join.is_some()
    }
}

impl Parser<'_> {
    /// The values that people join to the one that was just read, stepped over.
    pub(super) fn joined_values(&mut self, first: Span) -> Values {
        let mut values = Values { spans: vec![first], join: None };
        while let Some(join) = self.joined_value() {
            self.take(Role::Keyword);
            values.spans.push(self.take(Role::Text));
            values.join.get_or_insert(join);
        }
        values
    }

    /// The joining word and a value after it, where they begin no condition.
    fn joined_value(&self) -> Option<&'static str> {
        let join = match (self.is_or(), self.is_and()) {
            (true, _) => "or",
            (_, true) => "and",
            _ => return None,
        };
        let value = self.token(1);
        let is_value = match &value.kind {
            Lexeme::Text(_) => true,
            Lexeme::Word => {
                let word = value.span.of(self.text);
                !self.is_reserved_at(1)
                    && !self.is_first(1)
                    && !["search", "seen", "was"].iter().any(|other| word.eq_ignore_ascii_case(other))
                    && !is_field(word)
            }
            _ => false,
        };
        // A key may be asked for a list, or for another time than that of the change.
        let is_period = join == "or"
            && self.word_at(2, "in")
            && !matches!(self.token(3).kind, Lexeme::Open)
            && !self.word_at(3, "next");
        if !is_value || self.operator_at(2) && !is_period {
            return None;
        }
        let goes_on = ["from", "to", "on", "at"].iter().any(|word| self.word_at(2, word));
        (join == "or" || goes_on || self.is_joined_further(2)).then_some(join)
    }

    /// Whether a list of values goes on at a place and comes to an end that no search has: `and b and c to d`.
    fn is_joined_further(&self, mut ahead: usize) -> bool {
        while ahead < AHEAD
            && self.word_at(ahead, "and")
            && matches!(self.token(ahead + 1).kind, Lexeme::Text(_) | Lexeme::Word)
        {
            ahead += 2;
            if ["from", "to", "on", "at"].iter().any(|word| self.word_at(ahead, word)) {
                return true;
            }
        }
        false
    }

    /// What is wrong with a change from or to joined values that was read from a token on.
    pub(super) fn joined_sides(&self, operator: usize, [from, to]: &[Values; 2], period: &str) -> Box<Fault> {
        let join = from.join.or(to.join).unwrap_or("or");
        let field = self.tokens[operator - 1].span;
        let sides = |word: &str, values: &Values| match values.spans.as_slice() {
            [] => vec![String::new()],
            spans => spans.iter().map(|span| format!(" {word} {}", span.of(self.text))).collect(),
        };
        let (from, to) = (sides("from", from), sides("to", to));
        let fault = self.joins_no_values(field, join);
        let is_bare = !self.is_not_at(operator - 1) && !field.of(self.text).eq_ignore_ascii_case("was");
        if from.len() * to.len() > WRITTEN_MAX || !is_bare {
            return fault.hint(format!("write each change as a condition of its own, joined by {join}"));
        }
        let field = field.of(self.text);
        let changes = from
            .iter()
            .flat_map(|from| to.iter().map(move |to| format!("{field} changed{from}{to}{period}")));
        meant(fault, format!("({})", changes.collect::<Vec<_>>().join(&format!(" {join} "))))
    }

    /// What is wrong with `plan was pro or team on 2026-03-01`, which began at a place.
    pub(super) fn joined_was(&self, start: Span, negated: bool, values: &Values, when: Span) -> Box<Fault> {
        let join = values.join.unwrap_or("or");
        let (field, not) = (start.of(self.text), if negated { "not " } else { "" });
        let when = match when.of(self.text) {
            "" => String::new(),
            when => format!(" {when}"),
        };
        let fault = self.joins_no_values(start, join);
        let values: Vec<&str> = values.spans.iter().map(|span| span.of(self.text)).collect();
        let has_missing = values.iter().any(|value| value.eq_ignore_ascii_case(MISSING));
        let is = |value: &str| match value.eq_ignore_ascii_case(MISSING) {
            true => format!("{not}not {field} exists"),
            false => format!("{not}{field} = {value}"),
        };
        let each = values.iter().map(|value| is(value));
        let was = match join {
            "or" if has_missing => format!("was ({}){when}", each.collect::<Vec<_>>().join(" or ")),
            "or" => format!("was ({field} {not}in ({})){when}", values.join(", ")),
            _ => {
                format!("({})", each.map(|is| format!("was ({is}){when}")).collect::<Vec<_>>().join(" and "))
            }
        };
        meant(fault, was)
    }

    fn joins_no_values(&self, start: Span, join: &str) -> Box<Fault> {
        Fault::new(start.to(self.previous()), format!("{join} joins conditions, not values"))
    }

    /// Refuses `plan was free and status was paid on 2026-03-01`: to one reader the time is that of both.
    pub(super) fn refuse_shared_time(&self, nodes: &[Node], join: &str) -> Checked<()> {
        if self.past.is_some() {
            return Ok(());
        }
        // The strict form has parentheses, which say what belongs together.
        let said = |node: &Node| match &node.value {
            Clause::Was { filter, when } if filter.span.start == node.span.start => {
                Some((filter.clone(), when.clone()))
            }
            _ => None,
        };
        let gap = |pair: &[Node]| Span::new(pair[0].span.end, pair[1].span.start).of(self.text);
        for (place, node) in nodes.iter().enumerate().skip(1) {
            let Some((_, When::On(_) | When::Own(_) | When::In(_))) = said(node) else { continue };
            let ever = |node: &&Node| matches!(said(node), Some((_, When::Ever)));
            let before = nodes[..place].iter().rev().take_while(ever).count();
            let shared = &nodes[place - before..=place];
            if before == 0 || shared.windows(2).any(|pair| gap(pair).contains(['(', ')'])) {
                continue;
            }
            let filters = shared.iter().filter_map(said).map(|(filter, _)| *filter).collect();
            let filter = joined(filters, if join == "or" { Clause::Or } else { Clause::And });
            let Some((_, when)) = said(node) else { continue };
            let span = shared[0].span.to(node.span);
            let meant = Clause::Was { filter: Box::new(filter), when };
            let fault = Fault::new(span, "the time stands behind the last of these only");
            return Err(fault.meant(vec![meant.to_string()]));
        }
        Ok(())
    }
}

/// Asks whether conditions were meant, and says how words are searched for.
fn meant(fault: Box<Fault>, conditions: String) -> Box<Fault> {
    let hint = format!("did you mean {conditions}? To search for a word, write search before it");
    fault.meant(vec![conditions]).hint_instead(hint)
}

fn is_field(word: &str) -> bool {
    word.starts_with("params.") || Field::names().any(|name| name.eq_ignore_ascii_case(word))
}
