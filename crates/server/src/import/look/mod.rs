//! One look at a whole file, and its rows as they are read after that.

pub(crate) mod about;
pub(crate) mod conflict;
pub(crate) mod names;
pub(crate) mod note;
pub(crate) mod oddities;
pub(crate) mod plan;
pub(crate) mod rows;
pub(crate) mod survey;
pub(crate) mod tallies;
