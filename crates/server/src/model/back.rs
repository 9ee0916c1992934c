//! What takes a change back: what a name was before is written again, where it still is what the change made it.

use super::{Edit, Kept, Sides, mark_of};

/// The edit that takes the change of a param back; `None` where what was before is not known word for word.
pub fn back(sides: &Sides) -> Option<Edit> {
    match &sides.before {
        None => Some(Edit::Unset),
        Some(Kept::Whole(value)) => Some(Edit::Set(value.clone())),
        Some(Kept::Digest(_)) => None,
    }
}

/// The mark of what it must still be.
pub fn held(sides: &Sides) -> Option<String> {
    sides.after.as_ref().map(mark_of)
}
