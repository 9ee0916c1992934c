//! One `user_id` with several e-mails in one file: two people, or a mistake, and surely no silent change of address.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

/// So many are remembered, of the longest files the first: some 120 MB.
pub(crate) const REMEMBERED_MAX: usize = 4 << 20;

/// The first e-mail of each `user_id`, as hashes: a file of a million rows costs some 30 MB.
#[derive(Debug)]
pub(crate) struct Conflicts {
    seed: RandomState,
    /// How many are remembered.
    room: usize,
    first: HashMap<u64, First>,
    /// How many rows have another e-mail than the first row of their `user_id`.
    pub(crate) rows: u64,
    /// The first of them: its line, and the line of the row before it.
    pub(crate) example: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct First {
    email: u32,
    line: u32,
    is_contested: bool,
}

impl Default for Conflicts {
    fn default() -> Conflicts {
        Conflicts::with_room(REMEMBERED_MAX)
    }
}

impl Conflicts {
    fn with_room(room: usize) -> Conflicts {
        Conflicts { seed: RandomState::new(), room, first: HashMap::new(), rows: 0, example: None }
    }

    /// Takes a row in.
    pub(crate) fn see(&mut self, user_id: &str, email: &str, line: u64) {
        let (key, email) = (self.hash(user_id), self.email(email));
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        if self.first.len() >= self.room && !self.first.contains_key(&key) {
            return;
        }
        let first = self.first.entry(key).or_insert(First { email, line, is_contested: false });
        if first.email != email {
            first.is_contested = true;
            self.rows += 1;
            let lines = (u64::from(line), u64::from(first.line));
            self.example.get_or_insert(lines);
        }
    }

    /// All rows were seen: only what is contested is kept.
    pub(crate) fn finish(&mut self) {
        self.first.retain(|_, first| first.is_contested);
        self.first.shrink_to_fit();
    }

    /// The line of the first row with this `user_id`, if that has another e-mail.
    pub(crate) fn with(&self, user_id: &str, email: &str) -> Option<u32> {
        if self.first.is_empty() {
            return None;
        }
        let first = self.first.get(&self.hash(user_id))?;
        (first.email != self.email(email)).then_some(first.line)
    }

    fn hash(&self, text: &str) -> u64 {
        self.seed.hash_one(text)
    }

    /// Addresses that differ in case are one.
    fn email(&self, email: &str) -> u32 {
        self.hash(&email.trim().to_lowercase()) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut conflicts = Conflicts::with_room(1);
        for (user_id, email) in [("u1", "a@x.com"), ("u2", "b@x.com"), ("u2", "c@x.com"), ("u1", "d@x.com")] {
            conflicts.see(user_id, email, 1);
        }
        assert_eq!((conflicts.first.len(), conflicts.rows), (1, 1), "u1 is known, u2 came too late");
    }

    #[test]
    fn the_first_email_of_a_user_id_stands() {
        let mut conflicts = Conflicts::default();
        for (user_id, email, line) in [
            ("1", "a@x.com", 2),
            ("2", "b@x.com", 3),
            ("1", "A@X.com ", 4),
            ("1", "c@x.com", 5),
            ("1", "d@x.com", 6),
        ] {
            conflicts.see(user_id, email, line);
        }
        conflicts.finish();
        assert_eq!((conflicts.rows, conflicts.example), (2, Some((5, 2))));
        assert_eq!(conflicts.with("1", "a@x.com"), None);
        assert_eq!(conflicts.with("1", "d@x.com"), Some(2));
        assert_eq!(conflicts.with("2", "other@x.com"), None, "only what is contested is kept");
    }
}
