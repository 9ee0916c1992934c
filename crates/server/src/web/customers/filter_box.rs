//! The filter's box: the text with its words told apart, what is wrong or doubtful in it with a fix, and its English.

use filter::{Role, Span};

use super::{
    address::Address,
    pills::{Pill, pills},
};

/// The box and what stands under it.
pub(crate) struct FilterBox {
    /// The text as it was typed.
    pub(crate) text: String,
    /// The text in pieces, for highlighting.
    pub(crate) ink: Vec<Ink>,
    /// The filter in plain English; empty for the empty filter.
    pub(crate) english: String,
    /// What is wrong.
    pub(crate) error: Option<Wrong>,
    /// What may have been meant otherwise.
    pub(crate) doubts: Vec<Doubt>,
    /// The filters that the member has asked last.
    pub(crate) recent: Vec<Fix>,
    /// The conditions of the filter, where the page has room for them.
    pub(crate) pills: Vec<Pill>,
    /// The view without a filter.
    pub(crate) clear: String,
    /// Where the box asks for colours and completions.
    pub(crate) help: String,
}

/// A piece of the text.
pub(crate) struct Ink {
    pub(crate) text: String,
    /// What it is: the class of its colour.
    pub(crate) role: &'static str,
}

/// An error, its place, and what was probably meant.
pub(crate) struct Wrong {
    pub(crate) before: String,
    pub(crate) words: String,
    pub(crate) after: String,
    /// The word that the message begins with, where it is one of the filter's: code keeps its case.
    pub(crate) subject: String,
    /// The rest of the message.
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) fixes: Vec<Fix>,
}

/// A warning.
pub(crate) struct Doubt {
    pub(crate) detail: String,
    pub(crate) fix: Option<Fix>,
}

/// A link that puts something right.
pub(crate) struct Fix {
    /// What it leads to: the whole filter, so that nobody has to guess what becomes of the other words.
    pub(crate) label: String,
    pub(crate) link: String,
}

impl FilterBox {
    /// The box of an address whose filter is understood, or not.
    pub(super) fn new(address: &Address, error: Option<&filter::Error>) -> FilterBox {
        let link = |filter: &str| address.filtered(filter).link();
        let read = filter::parse(&address.filter).ok().filter(|_| error.is_none());
        let pills = read.map_or_else(Vec::new, |filter| pills(&filter, &link));
        FilterBox { pills, ..FilterBox::of(address, error, &link) }
    }

    /// The box of another page about the customers of an address; `link` leads to it under another filter.
    pub(crate) fn of(
        address: &Address,
        error: Option<&filter::Error>,
        link: &dyn Fn(&str) -> String,
    ) -> FilterBox {
        let text = address.filter.clone();
        let english = match filter::parse(&text) {
            Ok(expr) if error.is_none() && expr.root.is_some() => filter::describe(&expr),
            _ => String::new(),
        };
        let error = error.map(|error| wrong(&text, error, link));
        let help = address.filtered("").at("/customers/help");
        let (doubts, pills, recent) = (Vec::new(), Vec::new(), Vec::new());
        FilterBox { ink: ink(&text), english, error, doubts, pills, recent, clear: link(""), help, text }
    }
}

fn wrong(text: &str, error: &filter::Error, link: &dyn Fn(&str) -> String) -> Wrong {
    let before = text.get(..error.span.start).unwrap_or_default();
    let after = text.get(error.span.end..).unwrap_or_default();
    let fix = |word: &String| {
        let label = format!("{before}{word}{after}");
        Fix { link: link(&label), label }
    };
    let words = error.span.of(text);
    let (subject, message) = subject(words, &error.message);
    Wrong {
        before: before.to_owned(),
        // Where something is missing, an empty place would not be seen.
        words: if words.is_empty() { " ".to_owned() } else { words.to_owned() },
        after: after.to_owned(),
        subject: subject.to_owned(),
        message: message.to_owned(),
        hint: error.hint.clone(),
        fixes: error.candidates.iter().map(fix).collect(),
    }
}

impl Fix {
    /// The view under another filter.
    pub(super) fn to(address: &Address, filter: String) -> Fix {
        Fix { link: address.filtered(filter.as_str()).link(), label: filter }
    }
}

/// A message that begins with the words at fault, in two.
fn subject<'m>(words: &str, message: &'m str) -> (&'m str, &'m str) {
    let rest = message.strip_prefix(words).filter(|rest| rest.starts_with(' '));
    rest.filter(|_| !words.trim().is_empty()).map_or(("", message), |rest| (&message[..words.len()], rest))
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
    fn a_fix_says_the_whole_filter_and_code_keeps_its_case() {
        for (filter, subject, message, fixed) in [
            ("mrr over 20", "over", " is not an operator", "mrr > 20"),
            ("plan = pro and mrr over 20", "over", " is not an operator", "plan = pro and mrr > 20"),
        ] {
            let error = filter::parse(filter).unwrap_err();
            let address = Address { filter: filter.to_owned(), ..Address::default() };
            let wrong = FilterBox::new(&address, Some(&error)).error.unwrap();
            assert_eq!((wrong.subject.as_str(), wrong.message.as_str()), (subject, message), "{filter}");
            let labels: Vec<_> = wrong.fixes.iter().map(|fix| fix.label.as_str()).collect();
            assert_eq!(labels, [fixed], "{filter}");
        }
        assert_eq!(subject("ov", "over is not"), ("", "over is not"));
        assert_eq!(subject("", " is missing"), ("", " is missing"));
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
