//! The filter's box: the text with its words told apart, what is wrong or doubtful in it with a fix, and its English.

use filter::{Role, Span};

use super::address::Address;

/// The box and what stands under it.
pub(super) struct FilterBox {
    /// The text as it was typed.
    pub(super) text: String,
    /// The text in pieces, for highlighting.
    pub(super) ink: Vec<Ink>,
    /// The filter in plain English; empty for the empty filter.
    pub(super) english: String,
    /// What is wrong.
    pub(super) error: Option<Wrong>,
    /// What may have been meant otherwise.
    pub(super) doubts: Vec<Doubt>,
}

/// A piece of the text.
pub(super) struct Ink {
    pub(super) text: String,
    /// What it is: the class of its colour.
    pub(super) role: &'static str,
}

/// An error, its place, and what was probably meant.
pub(super) struct Wrong {
    pub(super) before: String,
    pub(super) words: String,
    pub(super) after: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) fixes: Vec<Fix>,
}

/// A warning.
pub(super) struct Doubt {
    pub(super) detail: String,
    pub(super) fix: Option<Fix>,
}

/// A link that puts something right.
pub(super) struct Fix {
    pub(super) label: String,
    pub(super) link: String,
}

impl FilterBox {
    /// The box of an address whose filter is understood, or not.
    pub(super) fn new(address: &Address, error: Option<&filter::Error>) -> FilterBox {
        let text = address.filter.clone();
        let english = match filter::parse(&text) {
            Ok(expr) if error.is_none() && expr.root.is_some() => filter::describe(&expr),
            _ => String::new(),
        };
        let error = error.map(|error| wrong(address, error));
        FilterBox { ink: ink(&text), english, error, doubts: Vec::new(), text }
    }
}

fn wrong(address: &Address, error: &filter::Error) -> Wrong {
    let text = &address.filter;
    let before = text.get(..error.span.start).unwrap_or_default();
    let after = text.get(error.span.end..).unwrap_or_default();
    let fix = |word: &String| Fix {
        label: word.clone(),
        link: address.filtered(format!("{before}{word}{after}")).link(),
    };
    let words = error.span.of(text);
    Wrong {
        before: before.to_owned(),
        // Where something is missing, an empty place would not be seen.
        words: if words.is_empty() { " ".to_owned() } else { words.to_owned() },
        after: after.to_owned(),
        message: error.message.clone(),
        hint: error.hint.clone(),
        fixes: error.candidates.iter().map(fix).collect(),
    }
}

/// Cuts a text into its words and what is between them.
pub(super) fn ink(text: &str) -> Vec<Ink> {
    let mut pieces = Vec::new();
    let mut end = 0;
    for (span, role) in filter::tokens(text) {
        if span.start < end {
            continue;
        }
        push(&mut pieces, Span::new(end, span.start).of(text), "");
        push(&mut pieces, span.of(text), class(role));
        end = span.end;
    }
    push(&mut pieces, text.get(end..).unwrap_or_default(), "");
    pieces
}

fn push(pieces: &mut Vec<Ink>, text: &str, role: &'static str) {
    if !text.is_empty() {
        pieces.push(Ink { text: text.to_owned(), role });
    }
}

fn class(role: Role) -> &'static str {
    match role {
        Role::Field => "field",
        Role::Operator => "operator",
        Role::Keyword => "keyword",
        Role::Text => "text",
        Role::Number => "number",
        Role::Constant => "constant",
        Role::Date => "date",
        Role::Name => "named",
        Role::Punctuation => "",
        Role::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_loses_no_character() {
        for text in ["", "plan = pro", "  a  and\n\"b", "((((", "ünï = \"ö\" or 🙂", "plan = 'pro' && x"]
        {
            assert_eq!(ink(text).iter().map(|piece| piece.text.as_str()).collect::<String>(), text);
        }
    }

    #[test]
    fn candidates_replace_the_wrong_words() {
        let address = Address { filter: "statsu = paid".to_owned(), ..Address::default() };
        let error = filter::Error {
            span: Span::new(0, 6),
            line: 1,
            column: 1,
            length: 6,
            message: "m".to_owned(),
            hint: None,
            candidates: vec!["status".to_owned()],
        };
        let wrong = FilterBox::new(&address, Some(&error)).error.unwrap();
        assert_eq!(wrong.fixes[0].link, "/customers?filter=status%20=%20paid");
        assert_eq!(
            (wrong.before.as_str(), wrong.words.as_str(), wrong.after.as_str()),
            ("", "statsu", " = paid")
        );
    }
}
