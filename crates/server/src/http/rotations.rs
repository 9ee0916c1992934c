//! Keys that were rotated a moment ago. A form that is sent twice, as by a double click, is answered twice with the same new key:
//! the browser shows the second answer alone, and a key is stored nowhere that it could be shown from again.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::model::{KeyId, MemberId, Secret};

/// For how long the same form is answered with the same key.
pub const MOMENT: Duration = Duration::from_secs(10);

/// The new keys, by the old ones. Who rotates a key holds them for as long as that takes.
#[derive(Default)]
pub struct Rotations(HashMap<KeyId, Rotation>);

struct Rotation {
    by: MemberId,
    at: Instant,
    new: Secret,
}

impl Rotations {
    /// The key that this member has just put in the place of another.
    pub fn find(&mut self, old: KeyId, by: MemberId) -> Option<Secret> {
        self.forget();
        self.0.get(&old).filter(|rotation| rotation.by == by).map(|rotation| rotation.new.clone())
    }

    /// Forgets those whose moment is over: a key is in memory no longer than that.
    pub fn forget(&mut self) {
        self.0.retain(|_, rotation| rotation.at.elapsed() < MOMENT);
    }

    /// Keeps it for a moment.
    pub fn keep(&mut self, old: KeyId, by: MemberId, new: &Secret) {
        self.0.insert(old, Rotation { by, at: Instant::now(), new: new.clone() });
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::KeyKind;

    #[test]
    fn a_key_is_shown_again_for_a_moment_and_to_who_made_it() {
        let (old, by, other) =
            (KeyId(Uuid::from_u128(1)), MemberId(Uuid::from_u128(2)), MemberId(Uuid::from_u128(3)));
        let mut rotations = Rotations::default();
        rotations.keep(old, by, &Secret::new(KeyKind::Read));
        assert!(rotations.find(old, by).is_some());
        assert!(rotations.find(old, other).is_none());
        rotations.0.get_mut(&old).unwrap().at -= MOMENT;
        rotations.forget();
        assert!(rotations.0.is_empty());
    }
}
