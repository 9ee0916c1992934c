//! What queries over relationships mean: the questions with their text forms, and a reference evaluator over
//! documents in memory that defines the answers. Pure: no I/O, no clock.
//!
//! Two engines answer them: the [`Index`] here, from columns in memory, and SQL in the server. Both are right when they
//! answer as [`reference::answer`] does.

mod aggregate;
mod answer;
mod bits;
mod chunk;
mod column;
mod datum;
mod decimal;
mod engine;
mod grouping;
pub mod insight;
pub mod lift;
mod live;
mod moments;
pub mod number;
mod past;
mod question;
pub mod reference;
mod row;
mod sort;
mod text;

pub use aggregate::{Aggregate, Function};
pub use answer::{Answer, Bin, Bucket, Extreme, Facet, FacetValue, Group, Groups, Lifted, Shape, Total};
pub use datum::Datum;
pub use engine::{After, Foreign, Found, Probe, Project, Ranked, Scope};
pub use grouping::Grouping;
pub use live::{Index, Merge, Merged, Prepared, Preparing, Size, Snapshot, Told, Untold};
pub use moments::Moments;
pub use past::{Entered, Fresh, Life, Lived};
pub use question::{FACET_PATHS, FACET_TEXT, FACET_VALUES, Facets, GROUP_TEXT, Part, Question, Reach, WIDE};
pub use row::Row;
pub use sort::{SORT_TEXT, Sort, SortKey};
pub use text::list;
