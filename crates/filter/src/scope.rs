//! What a filter is checked against: the present time, the account's zone and the names that exist.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

/// Everything outside of the text that decides what a filter means.
#[derive(Clone)]
pub struct Scope<'a> {
    /// The present. Cursors keep it, so that every page of an answer means the same.
    pub now: Timestamp,
    /// Since when the account's history is kept; what was before it is not known. `None` where all of it is.
    pub horizon: Option<Timestamp>,
    /// The account's time zone, in which days begin.
    pub zone: TimeZone,
    /// The projects and segments that the asker may name.
    pub names: &'a dyn Names,
    /// Whether the asker sees the whole account. Project keys do not: `in project` and account-wide segments are
    /// refused to them.
    pub account_wide: bool,
}

/// The projects and segments that exist. Give a project key only what it may see: its own project and its segments.
pub trait Names {
    /// The project of that slug.
    fn project(&self, slug: &str) -> Option<Uuid>;
    /// Every slug, for suggestions.
    fn projects(&self) -> Vec<String>;
    /// The segment of that name or slug. `inside` is the segment whose text names it, where it is not the filter itself: a
    /// project's means what the project calls so.
    fn segment(&self, name: &str, inside: Option<&Segment>) -> Option<Segment>;
    /// Every segment's name, for suggestions.
    fn segments(&self) -> Vec<String>;
}

/// A saved filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The strict form of the filter.
    pub text: String,
    /// The project it speaks of; `None` is any project of the customer that is not a test project.
    pub project: Option<Uuid>,
}
