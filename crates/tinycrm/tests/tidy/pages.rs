//! Rules about stylesheets and templates: colours stand among the tokens only, and no page has a style of its own.

use crate::Complaint;

/// Where colours are named.
const TOKENS: &str = "crates/server/static/tokens.css";
const NAMED: &str = include_str!("../../../server/static/tokens.css");
/// Where the stylesheets are, and the templates.
const STYLES: &str = "crates/server/static/";
const TEMPLATES: &str = "crates/server/templates/";
/// No line of a stylesheet is longer.
const LINE: usize = 120;

/// How a colour begins that is not said by its name.
const NOTATIONS: [&str; 12] = [
    "#",
    "rgb(",
    "rgba(",
    "hsl(",
    "hsla(",
    "hwb(",
    "lab(",
    "lch(",
    "oklab(",
    "oklch(",
    "color(",
    "light-dark(",
];

/// The colours that CSS has names for.
const NAMES: &str = "aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown \
    burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod \
    darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon \
    darkseagreen darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey \
    dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey \
    honeydew hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral \
    lightcyan lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue \
    lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine \
    mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise \
    mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered \
    orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple \
    rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue \
    slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white \
    whitesmoke yellow yellowgreen";

/// Everything that a stylesheet or a template does wrong.
pub(crate) fn complaints(path: &str, text: &str) -> Vec<Complaint> {
    if path.starts_with(TEMPLATES) && path.ends_with(".html") {
        return styled(path, text);
    }
    if !path.starts_with(STYLES) || !path.ends_with(".css") {
        return Vec::new();
    }
    let colours = if path == TOKENS { Vec::new() } else { coloured(path, text) };
    [headless(path, text), long(path, text), colours, nameless(path, text)].concat()
}

/// Rooms that lend a class of theirs to another: the customers' table, strip and rail stand in several files, and home shows them.
const LENT: [(&str, &str); 6] = [
    ("strip", "metrics"),
    ("rail", "facet"),
    ("rail", "bone"),
    ("rail", "sheet"),
    ("customers", "sheet"),
    ("customers", "results"),
];
/// What no room owns.
const EVERYBODYS: [&str; 7] = ["tokens", "ground", "controls", "parts", "tables", "values", "frame"];

/// A class that a room's stylesheet paints wherever it stands, and that another room's knows too: what one means paints the
/// other's pages. `sheets` are names and texts.
pub(crate) fn trespasses(sheets: &[(&str, &str)]) -> Vec<Complaint> {
    let rooms = || sheets.iter().filter(|(name, _)| !EVERYBODYS.contains(name));
    let knows =
        |text: &str, class: &str| selectors(text).iter().any(|(_, one)| classes(one).contains(&class));
    let mut found = Vec::new();
    for (name, text) in rooms() {
        for (line, selector) in selectors(text) {
            let Some(first) = selector.starts_with('.').then(|| classes(&selector)[0]) else { continue };
            let other = rooms().find(|(other, text)| other != name && knows(text, first));
            let is_lent = LENT.contains(&(name, first));
            if let Some((other, _)) = other.filter(|_| !is_lent) {
                let path = format!("{STYLES}{name}.css");
                let said = format!(".{first} is in {other}.css too");
                found.push(complaint(
                    &path,
                    line,
                    said,
                    "begin with the class of the room's page, or rename it",
                ));
            }
        }
    }
    found
}

/// The selectors of a stylesheet, one by one, each with its line.
fn selectors(text: &str) -> Vec<(usize, String)> {
    let (mut found, mut piece, mut line) = (Vec::new(), String::new(), 1);
    for letter in bare(text).chars() {
        match letter {
            '{' => {
                let is_rule = !piece.trim_start().starts_with('@');
                let (mut depth, mut one) = (0, String::new());
                for letter in piece.chars().chain([',']).filter(|_| is_rule) {
                    depth += i32::from(letter == '(') - i32::from(letter == ')');
                    if letter == ',' && depth == 0 {
                        found.push((line, std::mem::take(&mut one).trim().to_owned()));
                    } else {
                        one.push(letter);
                    }
                }
                piece.clear();
            }
            ';' | '}' => piece.clear(),
            _ => piece.push(letter),
        }
        line += usize::from(letter == '\n');
    }
    found
}

/// The classes that a selector names.
fn classes(selector: &str) -> Vec<&str> {
    let names = selector.split('.').skip(1);
    names
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default())
        .collect()
}

fn complaint(path: &str, line: usize, found: String, fix: &'static str) -> Complaint {
    Complaint { path: path.to_owned(), line, found, fix }
}

/// The content policy lets no style of an element through.
fn styled(path: &str, text: &str) -> Vec<Complaint> {
    let lines = text.lines().enumerate();
    let styled = lines.filter(|(_, line)| {
        let line = line.to_ascii_lowercase();
        line.contains("<style") || line.split("style").skip(1).any(|rest| rest.trim_start().starts_with('='))
    });
    let fix = "browsers drop it: write a class, or an attribute of the SVG";
    styled.map(|(at, _)| complaint(path, at + 1, "a style in a template".to_owned(), fix)).collect()
}

fn headless(path: &str, text: &str) -> Vec<Complaint> {
    let found = "the file does not open with a comment".to_owned();
    let fix = "say in its first line what it is for";
    if text.starts_with("/* ") { Vec::new() } else { vec![complaint(path, 1, found, fix)] }
}

fn long(path: &str, text: &str) -> Vec<Complaint> {
    let lengths = text.lines().map(|line| line.chars().count()).enumerate();
    let long = lengths.filter(|(_, length)| *length > LINE);
    let fix = "one declaration a line";
    long.map(|(at, length)| {
        complaint(path, at + 1, format!("{length} characters in a line (at most {LINE})"), fix)
    })
    .collect()
}

fn coloured(path: &str, text: &str) -> Vec<Complaint> {
    let fix = "name it in tokens.css for light and for dark, and write var(--name)";
    let coloured = declarations(text).into_iter().filter(|(_, value)| is_coloured(value));
    coloured.map(|(line, value)| complaint(path, line, format!("a colour in `{value}`"), fix)).collect()
}

/// A property that nobody sets paints nothing, or black.
fn nameless(path: &str, text: &str) -> Vec<Complaint> {
    let fix = "set it in tokens.css or in this file, or write what stands for it: var(--name, …)";
    let set = |name: &str| [NAMED, text].iter().any(|text| text.contains(&format!("{name}:")));
    let used = |value: &str| {
        let names = value.split("var(").skip(1).filter_map(|rest| rest.split_once(')'));
        let alone = names.map(|(name, _)| name.trim()).filter(|name| !name.contains(','));
        alone.map(str::to_owned).collect::<Vec<_>>()
    };
    let values = declarations(text).into_iter();
    let named = values.flat_map(|(line, value)| used(&value).into_iter().map(move |name| (line, name)));
    let unset = named.filter(|(_, name)| !set(name));
    unset.map(|(line, name)| complaint(path, line, format!("nobody sets {name}"), fix)).collect()
}

/// The values of a stylesheet, each with its line.
fn declarations(text: &str) -> Vec<(usize, String)> {
    let (mut found, mut piece, mut line) = (Vec::new(), String::new(), 1);
    for letter in bare(text).chars() {
        match letter {
            '{' => piece.clear(),
            ';' | '}' => {
                // What a selector says after a colon was cleared at its brace.
                let value = piece.split_once(':').map(|(_, value)| value.trim().to_owned());
                found.extend(value.map(|value| (line, value)));
                piece.clear();
            }
            _ => piece.push(letter),
        }
        line += usize::from(letter == '\n');
    }
    found
}

/// The same text without comments and strings, line for line.
fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']).into_iter().chain(rest.find("/*")).min() {
        let opens = &rest[at..];
        let (start, end) = if opens.starts_with("/*") { (2, "*/") } else { (1, &opens[..1]) };
        let length = opens[start..].find(end).map_or(opens.len(), |found| start + found + end.len());
        bare.push_str(&rest[..at]);
        bare.extend(opens[..length].chars().filter(|letter| *letter == '\n'));
        rest = &opens[length..];
    }
    bare + rest
}

fn is_coloured(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let mut words = value.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-#(".contains(letter));
    words.any(|word| {
        // `a(b` is the name of a function, and what it is given.
        let parts = word.split_inclusive('(');
        parts.into_iter().any(|part| {
            NOTATIONS.contains(&part)
                || part.starts_with('#')
                || NAMES.split_whitespace().any(|name| name == part)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let complaints = complaints(path, text).into_iter();
        complaints.map(|complaint| format!("{}: {}", complaint.line, complaint.found)).collect()
    }

    fn in_a_room(css: &str) -> Vec<String> {
        found("crates/server/static/room.css", &format!("/* A room. */\n{css}\n"))
    }

    #[test]
    fn colours_are_found_outside_the_tokens() {
        for value in [
            "#fff",
            "1px solid #C0FFEE",
            "rgb(0 0 0 / 10%)",
            "light-dark(var(--red), var(--bad))",
            "color-mix(in srgb, var(--bad) 14%, black)",
            "0 1px oklch(0.5 0 0)",
            "Red",
        ] {
            assert_eq!(in_a_room(&format!("a {{\n  b: {value};\n}}")), [format!("3: a colour in `{value}`")]);
            assert_eq!(found(TOKENS, &format!("/* Tokens. */\na {{ b: {value} }}\n")), [""; 0]);
        }
        let clean = "#add a:hover[b=\"#fff\"] { color: var(--red); background: color-mix(in srgb, var(--red) 9%, transparent); }\n\
                     @media (width > 1px) { .red { fill: currentColor; content: \"red #fff\"; } } /* b: #fff; */";
        assert_eq!(in_a_room(clean), [""; 0]);
        assert_eq!(in_a_room("/* a\nb */ c { d: e; f: white }"), ["3: a colour in `white`"]);
    }

    #[test]
    fn what_nobody_sets_is_found() {
        assert_eq!(
            in_a_room("a { b: var(--bra) 1px var( --kra ) }"),
            ["2: nobody sets --bra", "2: nobody sets --kra"]
        );
        assert_eq!(in_a_room("a { --own: 1px; b: var(--own) var(--bra, var(--bad)) var(--line) }"), [""; 0]);
    }

    #[test]
    fn a_stylesheet_says_what_it_is_for_in_short_lines() {
        assert_eq!(
            found("crates/server/static/a.css", "a { b: c; }\n"),
            ["1: the file does not open with a comment"]
        );
        assert_eq!(
            in_a_room(&format!("a {{ b: {}; }}", "c ".repeat(60))),
            ["2: 130 characters in a line (at most 120)"]
        );
    }

    #[test]
    fn styles_are_found_in_templates() {
        let page = |html: &str| found("crates/server/templates/a/b.html", html);
        assert_eq!(page("<p>\n<b style=\"x\">"), ["2: a style in a template"]);
        assert_eq!(page("<b STYLE = x>"), ["1: a style in a template"]);
        assert_eq!(page("<style>"), ["1: a style in a template"]);
        assert_eq!(page("<link rel=\"stylesheet\" href=\"style.css\"> in style"), [""; 0]);
    }

    #[test]
    fn a_class_of_two_rooms_is_found() {
        let said = |one: &str, other: &str| {
            let sheets = [("one", one), ("other", other), ("parts", ".note { a: b }")];
            let found = trespasses(&sheets).into_iter();
            found
                .map(|complaint| format!("{}:{}: {}", complaint.path, complaint.line, complaint.found))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            said("/* A. */\n.note { a: b }", ".page .note:hover { a: b }"),
            ["crates/server/static/one.css:2: .note is in other.css too"]
        );
        assert_eq!(
            said("@media (x) {\n  b:is(.c, .d), .e.f { a: b }\n}", "a > .e { a: b }"),
            ["crates/server/static/one.css:2: .e is in other.css too"]
        );
        assert_eq!(said(".page .note, a .e { a: b }", ".other .note, .e-f { a: b }"), [""; 0]);
    }
}
