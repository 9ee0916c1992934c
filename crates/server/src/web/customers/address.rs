//! What the URL of the customers' page holds: the whole state of the view, so that every view can be kept and shared.
//! Each link of the page is the present address with one thing changed.

use index::Sort;
use jiff::civil::Date;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    http::{Code, Problem},
    model::{CustomerId, Slug},
    store::Rows,
};

/// What must not stand in a query's value as it is; the rest stays readable.
const RESERVED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>');

/// The state of the view, as the query string has it. What is empty is left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Address {
    /// The slug of the only project.
    pub project: String,
    /// Not empty: the test projects instead of the live ones.
    pub test: String,
    /// The filter as it was typed.
    pub filter: String,
    /// The order; empty is the last seen first.
    pub sort: String,
    /// The fields that are columns, separated by commas; empty chooses them by coverage.
    pub columns: String,
    /// The field whose sum is shown; empty chooses it by coverage.
    pub sum: String,
    /// Not empty: the rail comes with the page instead of after it, for browsers without scripts.
    pub rail: String,
    /// A part of the names of the keys that the rail shows; empty shows the widest.
    pub rail_q: String,
    /// The day at whose end everything is looked at; empty is now.
    pub as_of: String,
    /// The day that the numbers are compared with; empty is that of thirty days before.
    pub against: String,
    /// The cursor of the page.
    pub after: String,
    /// The cursors of the pages before it, separated by commas, but of the first, which has none.
    pub back: String,
    /// The ids of those who stay on the page when they are not listed any more, separated by commas. It is no part of the question:
    /// no link of the page has it.
    pub kept: String,
    /// Customers on a page; empty is the least.
    #[serde(rename = "rows")]
    pub length: String,
}

/// How many customers a page may have.
pub const LENGTHS: [usize; 4] = [50, 100, 200, 500];
/// The pages whose cursors an address remembers.
const TRAIL: usize = 20;
/// Stands in the trail for those that it has forgotten.
const FORGOTTEN: &str = "~";

impl Address {
    /// Whose customers.
    pub fn rows(&self) -> Rows {
        let project = (!self.project.is_empty()).then(|| self.project.clone());
        // A link that names both means the project.
        let test = project.is_none() && !self.test.is_empty();
        Rows::choose(project, test).unwrap_or_default()
    }

    /// The view as a link.
    pub fn link(&self) -> String {
        self.at("/customers")
    }

    /// The view under another path: exports and helpers take the same state.
    pub fn at(&self, path: &str) -> String {
        let mut link = path.to_owned();
        for (i, (name, value)) in self.pairs().enumerate() {
            link.push(if i == 0 { '?' } else { '&' });
            link.push_str(name);
            link.push('=');
            link.extend(utf8_percent_encode(value, RESERVED));
        }
        link
    }

    /// What a form of the page must carry besides its own fields.
    pub fn except<'a>(&'a self, own: &'a [&str]) -> impl Iterator<Item = (&'static str, &'a str)> {
        self.pairs().filter(|(name, _)| !["after", "back"].contains(name) && !own.contains(name))
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let pairs = [
            ("project", &self.project),
            ("test", &self.test),
            ("filter", &self.filter),
            ("sort", &self.sort),
            ("columns", &self.columns),
            ("sum", &self.sum),
            ("rail", &self.rail),
            ("rail_q", &self.rail_q),
            ("as_of", &self.as_of),
            ("against", &self.against),
            ("rows", &self.length),
            ("after", &self.after),
            ("back", &self.back),
        ];
        let pairs = pairs.into_iter().filter(|(name, _)| *name != "back" || !self.after.is_empty());
        pairs.map(|(name, value)| (name, value.as_str())).filter(|(_, value)| !value.is_empty())
    }

    /// The first page under another filter.
    pub fn filtered(&self, filter: impl Into<String>) -> Address {
        Address { filter: filter.into(), after: String::new(), ..self.clone() }
    }

    /// The first page of a segment.
    pub fn in_segment(&self, slug: &Slug) -> Address {
        self.filtered(format!("in segment {}", Value::from(slug.as_str())))
    }

    /// The first page as it was at the end of a day; now, where it is empty.
    pub fn at_end_of(&self, day: &str) -> Address {
        Address { as_of: day.to_owned(), after: String::new(), ..self.clone() }
    }

    /// Those who stay.
    pub fn named(&self) -> impl Iterator<Item = CustomerId> {
        index::list(&self.kept).filter_map(|id| id.parse().ok())
    }

    /// The day of the past that everything is asked of.
    pub fn as_of(&self) -> Option<String> {
        Some(&self.as_of).filter(|day| !day.is_empty()).cloned()
    }

    /// The day of the past that is looked at; today is now, and of a day to come nothing is known.
    pub fn past(&self, today: Date) -> Result<Option<Date>, Problem> {
        match self.ahead(today)? {
            Some(day) => Err(Problem::new(Code::InvalidFields, format!("as_of: {day} is yet to come."))
                .hint("Leave it out to look at today.")),
            None => Ok(day("as_of", &self.as_of)?.filter(|day| *day < today)),
        }
    }

    /// The day that is asked of, where it is yet to come.
    pub fn ahead(&self, today: Date) -> Result<Option<Date>, Problem> {
        Ok(day("as_of", &self.as_of)?.filter(|day| *day > today))
    }

    /// The day that the numbers are compared with; today where it is not over.
    pub fn against(&self, today: Date) -> Result<Option<Date>, Problem> {
        Ok(day("against", &self.against)?.map(|day| day.min(today)))
    }

    /// The first page in another order.
    pub fn sorted(&self, sort: &Sort) -> Address {
        Address { sort: sort.to_string(), after: String::new(), ..self.clone() }
    }

    /// The page that begins after a cursor; the first without one.
    pub fn after(&self, cursor: &str) -> Address {
        Address { after: cursor.to_owned(), back: String::new(), ..self.clone() }
    }

    /// The page after this one, which begins at a cursor.
    pub fn next(&self, cursor: &str) -> Address {
        let mut trail: Vec<&str> = index::list(&self.back).chain([self.after.as_str()]).collect();
        trail.retain(|cursor| !cursor.is_empty());
        if trail.len() > TRAIL {
            trail.drain(..trail.len() - TRAIL);
            trail[0] = FORGOTTEN;
        }
        Address { back: trail.join(","), ..self.after(cursor) }
    }

    /// The page before this one, as it began; `None` before the first, and where that is forgotten.
    pub fn previous(&self) -> Option<Address> {
        if self.after.is_empty() || self.back == FORGOTTEN {
            return None;
        }
        let (rest, last) = self.back.rsplit_once(',').unwrap_or(("", &self.back));
        Some(Address { back: rest.to_owned(), ..self.after(last) })
    }

    /// How many customers a page has.
    pub fn length(&self) -> usize {
        let asked = self.length.parse().ok();
        asked.filter(|length| LENGTHS.contains(length)).unwrap_or(LENGTHS[0])
    }

    /// The first page with so many customers.
    pub fn with_length(&self, length: usize) -> Address {
        let length = if length == LENGTHS[0] { String::new() } else { length.to_string() };
        Address { length, ..self.after("") }
    }
}

/// The day that a name of the address says.
fn day(name: &str, text: &str) -> Result<Option<Date>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let refuse = |_| {
        Problem::new(Code::InvalidRequest, format!("{text:?} is no day."))
            .hint(format!("{name} is a day, as 2026-03-29."))
    };
    text.parse().map(Some).map_err(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_holds_the_state_and_stays_readable() {
        let address = Address {
            project: "newsletter".to_owned(),
            filter: "params.plan = \"pro\" & 50% #1".to_owned(),
            after: "x".to_owned(),
            ..Address::default()
        };
        assert_eq!(
            address.filtered("email ends with \"@a.b\"").link(),
            "/customers?project=newsletter&filter=email%20ends%20with%20%22@a.b%22"
        );
        assert_eq!(
            address.link(),
            "/customers?project=newsletter&filter=params.plan%20=%20%22pro%22%20%26%2050%25%20%231&after=x"
        );
        assert_eq!(Address::default().link(), "/customers");
    }

    #[test]
    fn only_a_day_before_today_is_the_past() {
        let today = "2026-03-29".parse().unwrap();
        let past = |as_of: &str| Address { as_of: as_of.to_owned(), ..Address::default() }.past(today);
        assert_eq!(past("2026-03-28").unwrap(), "2026-03-28".parse().ok());
        for present in ["", "2026-03-29"] {
            assert_eq!(past(present).unwrap(), None, "{present}");
        }
        assert_eq!(past("2026-03-30").unwrap_err().code, Code::InvalidFields, "it is yet to come");
        assert!(past("soon").is_err() && past("2026-02-30").is_err());
        let address = Address { as_of: "2026-03-28".to_owned(), ..Address::default() };
        assert_eq!(
            address.filtered("ada").link(),
            "/customers?filter=ada&as_of=2026-03-28",
            "every link keeps it"
        );
        assert_eq!(address.at_end_of("").link(), "/customers");
    }

    #[test]
    fn pages_lead_forward_and_back() {
        let first = Address { filter: "ada".to_owned(), ..Address::default() };
        assert!(first.previous().is_none());
        let third = first.next("a").next("b");
        assert_eq!(third.link(), "/customers?filter=ada&after=b&back=a");
        let second = third.previous().unwrap();
        assert_eq!(second.link(), "/customers?filter=ada&after=a");
        assert_eq!(second.previous().unwrap().link(), first.link());
        assert_eq!(third.filtered("bob").link(), "/customers?filter=bob", "another question begins anew");
        // Of many pages the last ones are remembered.
        let far = (0..50).fold(first, |page, n| page.next(&n.to_string()));
        let mut page = far;
        let mut count = 0;
        while let Some(before) = page.previous() {
            (page, count) = (before, count + 1);
        }
        assert_eq!((count, page.after.as_str()), (TRAIL - 1, "30"));
        let large = Address::default().with_length(200);
        assert_eq!((large.link().as_str(), large.length()), ("/customers?rows=200", 200));
        assert_eq!(Address { length: "7".to_owned(), ..Address::default() }.length(), 50);
    }

    #[test]
    fn a_form_carries_what_is_not_its_own() {
        let address = Address {
            test: "1".to_owned(),
            filter: "ada".to_owned(),
            after: "x".to_owned(),
            ..Address::default()
        };
        assert_eq!(address.except(&["filter"]).collect::<Vec<_>>(), [("test", "1")]);
    }
}
