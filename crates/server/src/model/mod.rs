//! The words of the product as types: ids, slugs, roles, keys and the one clock. No I/O.

pub mod body;
mod call;
mod clock;
mod email;
mod id;
pub mod json;
mod key;
pub mod merge;
mod number;
mod project;
mod refusal;
mod relationship;
mod role;

pub use call::{Call, Edit, Identify, Ping, Source, Who};
pub use clock::now;
pub use email::{EMAIL_MAX, Email, EmailError};
pub use id::{CustomerId, KeyId, MemberId, ProjectId, SegmentId};
pub use key::{KeyKind, Secret};
pub use project::{COLOURS, Project, Slug, SlugError};
pub use refusal::{Fault, Faults, Reason, Refusal};
pub use relationship::{Change, History, Relationship, Sides, later};
pub use role::Role;
