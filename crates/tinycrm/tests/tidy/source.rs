//! Reads a Rust file just well enough for the rules: what is code, what is text, what is a test, where functions end.

/// A Rust file of the repository.
pub(crate) struct Source {
    /// Its path from the root.
    pub(crate) path: String,
    /// As it is.
    pub(crate) text: String,
    /// The code alone, line for line: comments and the insides of literals are blank.
    pub(crate) code: String,
    /// The same without its tests; nothing in a file of tests.
    pub(crate) product: String,
    /// How many lines are not tests.
    pub(crate) product_lines: usize,
    /// The string literals of the product.
    pub(crate) literals: Vec<Literal>,
}

/// A string literal.
pub(crate) struct Literal {
    /// Where its opening quote stands in the code.
    pub(crate) start: usize,
    /// What is between the quotes, escapes as written.
    pub(crate) text: String,
}

/// A function, from `fn` to its closing brace.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) start: usize,
    pub(crate) lines: usize,
    /// Lines between its braces.
    pub(crate) body_lines: usize,
    /// What stands before it in its line: `pub(crate) async`.
    pub(crate) head: String,
    /// From its name to its body.
    pub(crate) signature: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let mut split = Split { text: text.as_bytes(), at: 0, code: Vec::new(), literals: Vec::new() };
        split.run();
        let (code, mut literals) = (into_text(split.code), split.literals);
        let tests = if is_test_file(path) { vec![(0, code.len())] } else { test_modules(&code) };
        let in_tests: usize = tests.iter().map(|&(from, to)| code[from..to].lines().count()).sum();
        literals
            .retain(|literal| tests.iter().all(|&(from, to)| literal.start < from || literal.start >= to));
        let product = tests.iter().fold(code.clone(), |code, &(from, to)| blank(&code, from, to));
        let product_lines = text.lines().count().saturating_sub(in_tests);
        Source { path: path.to_owned(), text: text.to_owned(), code, product, product_lines, literals }
    }

    /// The line, counted from 1, of a place in the code.
    pub(crate) fn line(&self, place: usize) -> usize {
        1 + self.code.as_bytes()[..place].iter().filter(|&&byte| byte == b'\n').count()
    }

    /// Every function that has a body.
    pub(crate) fn functions(&self) -> Vec<Function> {
        words(&self.code, "fn").into_iter().filter_map(|start| self.function(start)).collect()
    }

    fn function(&self, start: usize) -> Option<Function> {
        let code = &self.code;
        let after = start + "fn ".len();
        let body = body_from(code, after)?;
        let end = closing(code, body)?;
        let name: String = code[after..].chars().take_while(|c| is_word(*c as u8)).collect();
        (!name.is_empty()).then(|| Function {
            name,
            start,
            lines: code[start..end].lines().count(),
            body_lines: code[body..end].lines().count().saturating_sub(2),
            head: code[..start].rsplit('\n').next().unwrap_or_default().trim().to_owned(),
            signature: code[after..body].to_owned(),
        })
    }
}

/// Where `word` stands in `code` as a whole word (and not as part of a longer one).
pub(crate) fn words(code: &str, word: &str) -> Vec<usize> {
    let bytes = code.as_bytes();
    let edge = |at: Option<usize>, letter: u8| {
        !is_word(letter) || at.and_then(|at| bytes.get(at)).is_none_or(|&byte| !is_word(byte))
    };
    let (first, last) = (word.as_bytes()[0], word.as_bytes()[word.len() - 1]);
    let whole = |at: &usize| edge(at.checked_sub(1), first) && edge(Some(at + word.len()), last);
    code.match_indices(word).map(|(at, _)| at).filter(whole).collect()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Tests, and the benchmark: they look past the product's borders.
fn is_test_file(path: &str) -> bool {
    path.starts_with("bench/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs")
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| panic!("only ASCII is left outside of literals: {e}"))
}

/// The text with everything but line ends blank between two places.
fn blank(text: &str, from: usize, to: usize) -> String {
    let inside: String = text[from..to].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
    [&text[..from], &inside, &text[to..]].concat()
}

/// The places of items marked `#[cfg(test)]` that have a body.
fn test_modules(code: &str) -> Vec<(usize, usize)> {
    let marks = code.match_indices("#[cfg(test)]").map(|(at, mark)| (at, at + mark.len()));
    marks.filter_map(|(from, after)| Some((from, closing(code, body_from(code, after)?)?))).collect()
}

/// Where the next body opens, unless the item ends before it has one.
fn body_from(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The place after the brace that closes the one at `open`.
fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// Splits a file into code and literals.
struct Split<'a> {
    text: &'a [u8],
    at: usize,
    code: Vec<u8>,
    literals: Vec<Literal>,
}

impl Split<'_> {
    fn run(&mut self) {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            if rest.starts_with(b"//") {
                self.skip(rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()));
            } else if rest.starts_with(b"/*") {
                self.skip(block_comment(rest));
            } else if let Some(hashes) = raw_string(rest).filter(|_| !self.inside_a_word()) {
                self.raw_string(hashes);
            } else if rest[0] == b'"' {
                self.string();
            } else if rest[0] == b'\'' {
                self.character(rest.len());
            } else {
                self.code.push(if rest[0].is_ascii() { rest[0] } else { b'_' });
                self.at += 1;
            }
        }
    }

    fn inside_a_word(&self) -> bool {
        self.code.last().is_some_and(|&byte| is_word(byte))
    }

    /// Leaves `length` bytes blank, but for line ends.
    fn skip(&mut self, length: usize) {
        let end = (self.at + length).min(self.text.len());
        self.code
            .extend(self.text[self.at..end].iter().map(|&byte| if byte == b'\n' { b'\n' } else { b' ' }));
        self.at = end;
    }

    fn keep(&mut self) {
        if let Some(&byte) = self.text.get(self.at) {
            self.code.push(byte);
            self.at += 1;
        }
    }

    fn string(&mut self) {
        let rest = &self.text[self.at + 1..];
        let mut length = 0;
        while length < rest.len() && rest[length] != b'"' {
            length += if rest[length] == b'\\' { 2 } else { 1 };
        }
        self.literal(length.min(rest.len()));
    }

    fn raw_string(&mut self, hashes: usize) {
        while self.text[self.at] != b'"' {
            self.keep();
        }
        let end = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
        let rest = &self.text[self.at + 1..];
        let length = rest.windows(end.len()).position(|window| window == end).unwrap_or(rest.len());
        self.literal(length);
    }

    /// From the opening quote, over `length` bytes, to the closing one.
    fn literal(&mut self, length: usize) {
        let start = self.code.len();
        let inside = &self.text[self.at + 1..self.at + 1 + length];
        self.literals.push(Literal { start, text: String::from_utf8_lossy(inside).into_owned() });
        self.keep();
        self.skip(length);
        self.keep();
    }

    /// A character, or the quote of a lifetime.
    fn character(&mut self, left: usize) {
        let rest = &self.text[self.at..];
        let length = match rest.get(1) {
            Some(b'\\') => rest.iter().skip(3).position(|&byte| byte == b'\'').map(|at| at + 4),
            _ => rest.iter().take(6).skip(2).position(|&byte| byte == b'\'').map(|at| at + 3),
        };
        let one = |length: &usize| {
            std::str::from_utf8(&rest[1..length - 1]).is_ok_and(|text| text.chars().count() == 1)
        };
        match length.filter(|length| rest[1] == b'\\' || one(length)) {
            Some(length) => self.skip(length.min(left)),
            None => self.keep(),
        }
    }
}

/// The length of a block comment, which may hold others.
fn block_comment(text: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += 1;
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The number of `#` if a raw string begins here.
fn raw_string(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"b").or(text.strip_prefix(b"c")).unwrap_or(text).strip_prefix(b"r")?;
    let hashes = rest.iter().take_while(|&&byte| byte == b'#').count();
    (rest.get(hashes) == Some(&b'"')).then_some(hashes)
}

#[test]
fn comments_and_literals_are_not_code() {
    let text = "let a = \"fn x { \\\" }\"; // fn y\n/* fn /* z */\n */ let b = '\\''; let c: &'a str = r#\"fn \"w\"\"#;\n";
    let source = Source::new("a.rs", text);
    assert_eq!(source.code.len(), text.len());
    let lines: Vec<String> =
        source.code.lines().map(|line| line.split_whitespace().collect::<String>()).collect();
    assert_eq!(lines, ["leta=\"\";", "", "letb=;letc:&'astr=r#\"\"#;"]);
    let literals: Vec<&str> = source.literals.iter().map(|literal| literal.text.as_str()).collect();
    assert_eq!(literals, ["fn x { \\\" }", "fn \"w\""]);
}

#[test]
fn a_function_ends_with_its_brace_and_may_have_none() {
    let source = Source::new(
        "a.rs",
        "trait T { fn no_body(&self); }\nfn one(a: [u8; 3]) -> u8 {\n    if x { 1 }\n}\n",
    );
    let found: Vec<_> =
        source.functions().iter().map(|f| (f.name.clone(), f.lines, source.line(f.start))).collect();
    assert_eq!(found, [("one".to_owned(), 3, 2)]);
}

#[test]
fn tests_are_not_product() {
    let source = Source::new(
        "a.rs",
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"select\" }\n}\nfn c() {}\n",
    );
    assert!(
        source.product.contains("fn a")
            && source.product.contains("fn c")
            && !source.product.contains("fn b")
    );
    assert_eq!((source.product_lines, source.literals.len()), (2, 0));
    assert_eq!(Source::new("x/tests/it/a.rs", "fn a() {}\n").product.trim(), "");
}
