//! The words of the product as types: ids, slugs, roles, keys and the one clock. No I/O.

pub mod body;
mod call;
pub mod change;
mod clock;
mod email;
mod id;
mod ignored;
pub mod json;
mod key;
pub mod log;
pub mod merge;
mod number;
pub mod past;
mod placeholder;
mod project;
mod refusal;
mod relationship;
mod role;
mod source;

pub use call::{Call, Edit, Identify, Ping, Who};
pub use change::{Change, DatedBy, Kept, Sides};
pub use clock::now;
pub use email::{EMAIL_MAX, Email, EmailError};
pub use id::{CustomerId, ImportId, KeyId, MemberId, ProjectId, SegmentId};
pub use ignored::{Ignored, NoPattern, Pattern};
pub use key::{KeyKind, Secret};
pub use log::{Log, Standing, Track};
pub(crate) use number::{exact as exact_number, plain as plain_number};
pub use past::Past;
pub use placeholder::is_placeholder;
pub use project::{COLOURS, Project, Slug, SlugError};
pub use refusal::{Fault, Faults, Reason, Refusal};
pub use relationship::Relationship;
pub use role::Role;
pub use source::{Connector, Source};
