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
}
