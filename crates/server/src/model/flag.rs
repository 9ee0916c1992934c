//! Flags of the command line as a shell takes them: what is proposed in a hint can be pasted.

/// A word as a shell reads it back: bare where it can be, else in single quotes.
pub fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-+=:,./@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A flag with its value: `--map 'First Name+Last Name=name'`.
pub fn flag(name: &str, value: &str) -> String {
    format!("--{name} {}", word(value))
}

/// A piece of a hint: what is said, or a flag that it proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words.
    Said(String),
    /// The name of a flag, and its value as [`flag`] was given it.
    Flag(String, String),
}

/// A hint, piece by piece, for whoever has buttons and no shell.
pub fn pieces(hint: &str) -> Vec<Piece> {
    let (mut pieces, mut said, mut rest) = (Vec::new(), String::new(), hint);
    while let Some(at) = rest.find("--") {
        let (before, flag) = rest.split_at(at);
        said.push_str(before);
        let found = flag[2..]
            .split_once(' ')
            .filter(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
        let Some((name, after)) = found.filter(|(name, _)| !name.is_empty()) else {
            said.push_str("--");
            rest = &flag[2..];
            continue;
        };
        let (value, after) = unword(after);
        pieces.push(Piece::Said(std::mem::take(&mut said)));
        pieces.push(Piece::Flag(name.to_owned(), value));
        rest = after;
    }
    pieces.push(Piece::Said(said + rest));
    pieces
}

/// The word at the beginning of a text, as a shell reads what [`word`] wrote, and what follows it.
fn unword(text: &str) -> (String, &str) {
    if !text.starts_with('\'') {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        // What parts it from what follows is none of it; at the end of a hint there is nothing of the kind.
        let word = &text[..end];
        let bare = if end < text.len() { word.strip_suffix([',', ';']).unwrap_or(word) } else { word };
        return (bare.to_owned(), &text[bare.len()..]);
    }
    let (mut value, mut rest) = (String::new(), &text[1..]);
    loop {
        let end = rest.find('\'').unwrap_or(rest.len());
        value.push_str(&rest[..end]);
        rest = rest.get(end + 1..).unwrap_or_default();
        match rest.strip_prefix("\\''") {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => return (value, rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_flags_back() {
        for (value, expected) in [
            ("a=b", "--map a=b"),
            ("E-Mail 1=email", "--map 'E-Mail 1=email'"),
            ("tags#2=labels", "--map 'tags#2=labels'"),
            ("it's=x", "--map 'it'\\''s=x'"),
            ("größe=size", "--map größe=size"),
            ("a\"b=c", "--map 'a\"b=c'"),
            (";", "--map ';'"),
            ("$x=y", "--map '$x=y'"),
        ] {
            assert_eq!(flag("map", value), expected);
        }
    }

    #[test]
    fn what_a_hint_proposes_is_read_back() {
        for value in ["a=b", "E-Mail 1=email", "it's=x", "größe=size", ";", "a'b'=c d"] {
            let hint = format!("If so, add {}, or leave it out.", flag("map", value));
            let proposed = Piece::Flag("map".to_owned(), value.to_owned());
            assert_eq!(pieces(&hint)[1], proposed, "{hint}");
            let said = Piece::Said(", or leave it out.".to_owned());
            assert_eq!(pieces(&hint)[2], said, "{hint}");
        }
        assert_eq!(pieces("a -- b --"), [Piece::Said("a -- b --".to_owned())]);
        let last = pieces(&format!("Read them with {}", flag("type", "MRR=money")));
        assert_eq!(
            last[1..],
            [Piece::Flag("type".to_owned(), "MRR=money".to_owned()), Piece::Said(String::new())]
        );
    }
}
