//! The filter language of TinyCRM: one language for the URL, the search box, the API, the command line, segments and
//! exports. Text becomes an [`Expr`] (what was written, with places), then a [`Predicate`] (what it means: names
//! resolved, literals typed, dates computed, everything bounded), and no evaluator of a predicate can fail.
//!
//! ```
//! # use filter::*;
//! # struct NoNames;
//! # impl Names for NoNames {
//! #     fn project(&self, _: &str) -> Option<uuid::Uuid> { None }
//! #     fn projects(&self) -> Vec<String> { Vec::new() }
//! #     fn segment(&self, _: &str, _: Option<&Segment>) -> Option<Segment> { None }
//! #     fn segments(&self) -> Vec<String> { Vec::new() }
//! # }
//! let filter = parse("status = paid && mrr > 20")?;
//! assert_eq!(filter.to_string(), r#"status = "paid" and params.mrr > 20"#);
//! assert_eq!(describe(&filter), "customers whose status is paid and whose mrr is more than 20");
//!
//! let scope = Scope {
//!     now: "2026-03-10T12:00:00Z".parse().unwrap(),
//!     horizon: None,
//!     zone: jiff::tz::TimeZone::UTC,
//!     names: &NoNames,
//!     account_wide: true,
//! };
//! let predicate = check(&filter, &scope)?;
//! let mut binds = Binds::starting_at(2);
//! assert!(sql(&predicate, Tense::Present, &mut binds).starts_with("(r.status = $2::text AND "));
//! # Ok::<(), Error>(())
//! ```
//!
//! # Grammar
//!
//! This is the strict form, which is printed, stored and echoed; `parse(print(e)) == e`. [`parse()`] also takes what people
//! type first: bare paths and bare words, any quotes, `==`, `:`, `<>`, `&&`, `||`, `!`, `not` before any operator word,
//! `before`, `after`, `14 days ago`, `last_seen`, a pasted address with its name, and words without an operator as a search,
//! unless they are words of the language.
//!
//! ```text
//! filter     := or                                     -- the empty filter is everything
//! or         := and ("or" and)*
//! and        := not ("and" not)*
//! not        := "not" not | primary
//! primary    := "(" filter ")" | membership | search | was | seen | condition
//!             | first ("=" | "!=" | "<" | "<=" | ">" | ">=") (moment | own)
//!             | first ["not"] "in" period
//! membership := "in" "project" name ["where" "(" filter ")"]  |  "in" "segment" name
//! search     := "search" string                        -- e-mail, name or user_id contains it
//! was        := "was" "(" filter ")" [("on" (moment | own)) | ("in" period)]    -- once; no was or first inside
//! first      := "first" "(" filter ")"                 -- the first time that it was true; no was, first or search inside
//! seen       := "seen" ["at" "least" number "days"] "in" period            -- on that many days
//! condition  := field ("=" | "!=") value
//!             | field ("<" | "<=" | ">" | ">=") value
//!             | field ["not"] "in" "(" value ("," value)* ")"
//!             | field ["not"] "in" period
//!             | time ("=" | "!=" | "<" | "<=" | ">" | ">=") own
//!             | field "contains" string | field "starts" "with" string | field "ends" "with" string
//!             | field "has" value
//!             | field "exists"
//!             | field "changed" ["from" side] ["to" side] ["in" period]
//!             | field ("increased" | "decreased") "in" period
//!             | field "is" ["not"] ("null" | "string" | "number" | "boolean" | "array" | "object")
//! field      := "email" | "domain" | "name" | "user_id" | "project" | "status" | "status_since" | "first_paid"
//!             | "first_seen" | "last_activity" | "imported" | "params" ("." key)+
//! time       := "status_since" | "first_paid" | "first_seen" | "last_activity" | "imported"
//! own        := (time | first) [("+" | "-") number unit]    -- of the customer's own; unit: min h d w
//! key        := identifier | string                    -- params."a.b"."c d"; after a dot any word is a key
//! name       := identifier | string
//! value      := string | number | "true" | "false" | "null" | moment
//! side       := value | "missing"
//! moment     := date | instant
//! date       := 2026-03-29 | 2026-03-29T10:00:00Z | "today" | "yesterday" | "tomorrow"
//! instant    := "now" | ("now" | "today") ("+" | "-") number unit            -- unit: min h d w mo y
//! period     := ("last" | "next") number units | ("last" | "this" | "next") unit | moment ".." moment
//!               -- units: minutes hours days weeks months years; calendar units: day week month quarter year
//! ```

mod binds;
pub mod calendar;
mod check;
pub mod date_form;
mod dates;
mod describe;
mod document;
mod editor;
pub mod email;
pub mod epoch;
mod error;
mod eval;
pub mod expr;
mod field;
pub mod fold;
mod history;
mod lex;
mod lift;
mod parse;
mod past;
mod path;
pub mod predicate;
mod print;
mod scope;
mod span;
mod sql;
mod status;
mod text;
pub mod value;

pub use binds::{Bind, Binds};
pub use check::{CONDITIONS_MAX, check, moment, period};
pub use describe::describe;
pub use document::Document;
pub use editor::{Completion, CompletionKind, complete, tokens};
pub use error::{Error, is_slip, similar};
pub use eval::eval;
pub use expr::Expr;
pub use field::{Content, Field, FieldKind, parse_field};
pub use history::{History, Track};
pub use lift::Lift;
pub use parse::{DEPTH_MAX, Role, TEXT_BYTES_MAX, meant, parse};
pub use past::{Past, is_same};
pub use path::Path;
pub use predicate::Predicate;
pub use scope::{Names, Scope, Segment};
pub use span::{Span, Spanned};
pub use sql::{Tense, column, past, sql};
pub use status::{Status, UnknownStatus};
pub use text::quoted;
