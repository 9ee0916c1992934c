//! Times of the relationship's own, checked.

use super::{Node, Stretch};
use crate::field::Field;

/// A time of the relationship's own, moved by so many microseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// What it is counted from.
    pub from: Start,
    /// How far it is moved.
    pub shift: i64,
}

/// What a time of the relationship's own is counted from.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// A time field.
    Field(Field),
    /// The first time that something was true.
    First(Box<First>),
}

impl Start {
    /// The time field.
    pub fn field(&self) -> Option<&Field> {
        match self {
            Start::Field(field) => Some(field),
            Start::First(_) => None,
        }
    }

    /// The first time.
    pub fn first(&self) -> Option<&First> {
        match self {
            Start::Field(_) => None,
            Start::First(first) => Some(first),
        }
    }
}

/// The first time that something was true of the relationship: since it began, or as far back as history is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct First {
    /// All the time that is known of.
    pub within: Stretch,
    /// What was true.
    pub node: Node,
}
