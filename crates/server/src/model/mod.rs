//! The words of the product as types: ids, slugs, roles, keys and the one clock. No I/O.

mod clock;
mod email;
mod id;
mod key;
mod project;
mod role;

pub use clock::now;
pub use email::{EMAIL_MAX, Email, EmailError};
pub use id::{CustomerId, KeyId, MemberId, ProjectId, SegmentId};
pub use key::{KeyKind, Secret};
pub use project::{COLOURS, Project, Slug, SlugError};
pub use role::Role;
