//! Budgets: how much there is of something that requests take, and how much of it one of those who ask may have.
//!
//! Connections, bytes in flight, imports: each is a [`Share`], made where the thing is taken, with limits from
//! [`crate::config::Limits`]. Nobody waits for a share: who is over it is told at once, and holds nothing meanwhile.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// So many units of something, shared between those who ask; cheap to clone.
#[derive(Debug)]
pub struct Share<K: Eq + Hash> {
    inner: Arc<Inner<K>>,
}

#[derive(Debug)]
struct Inner<K> {
    most: usize,
    most_of_one: usize,
    taken: Mutex<Taken<K>>,
}

#[derive(Debug)]
struct Taken<K> {
    all: usize,
    /// Only of those who have some.
    of: HashMap<K, usize>,
}

/// Why there is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// All of it is taken.
    All,
    /// Whoever asks has as much as one may have.
    One,
}

/// What somebody has of it; given back when it is dropped.
#[derive(Debug)]
pub struct Part<K: Copy + Eq + Hash> {
    of: Share<K>,
    /// Who has it; nobody is held to less than all.
    holder: Option<K>,
    units: usize,
}

impl<K: Eq + Hash> Clone for Share<K> {
    fn clone(&self) -> Share<K> {
        Share { inner: self.inner.clone() }
    }
}

impl<K: Copy + Eq + Hash> Share<K> {
    /// So many units, and so many of them for one.
    pub fn new(most: usize, most_of_one: usize) -> Share<K> {
        let taken = Mutex::new(Taken { all: 0, of: HashMap::new() });
        Share { inner: Arc::new(Inner { most, most_of_one, taken }) }
    }

    /// Takes units for somebody; for nobody in particular, who may have all that there is, with `None`.
    pub fn take(&self, holder: Option<K>, units: usize) -> Result<Part<K>, Full> {
        let mut part = Part { of: self.clone(), holder, units: 0 };
        part.grow(units)?;
        Ok(part)
    }

    /// How many units are taken.
    pub fn taken_by_all(&self) -> usize {
        self.taken().all
    }

    fn taken(&self) -> MutexGuard<'_, Taken<K>> {
        self.inner.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Part<K> {
    /// Takes more units, or leaves it at those that it has.
    pub fn grow(&mut self, units: usize) -> Result<(), Full> {
        let (most, most_of_one) = (self.of.inner.most, self.of.inner.most_of_one);
        let mut taken = self.of.taken();
        let has = self.holder.map_or(0, |holder| taken.of.get(&holder).copied().unwrap_or(0));
        if self.holder.is_some() && has.saturating_add(units) > most_of_one {
            return Err(Full::One);
        }
        if taken.all.saturating_add(units) > most {
            return Err(Full::All);
        }
        taken.all += units;
        if let Some(holder) = self.holder.filter(|_| units > 0) {
            taken.of.insert(holder, has + units);
        }
        drop(taken);
        self.units += units;
        Ok(())
    }
}

impl<K: Copy + Eq + Hash> Drop for Part<K> {
    fn drop(&mut self) {
        let mut taken = self.of.taken();
        taken.all -= self.units;
        let Some(holder) = self.holder else { return };
        if let Some(has) = taken.of.get_mut(&holder) {
            *has -= self.units;
            if *has == 0 {
                taken.of.remove(&holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_leaves_something_to_others_and_all_comes_back() {
        let share = Share::new(10, 6);
        let mut first = share.take(Some("a"), 4).unwrap();
        assert_eq!(share.take(Some("a"), 3).unwrap_err(), Full::One);
        first.grow(2).unwrap();
        assert_eq!(first.grow(1).unwrap_err(), Full::One);
        let second = share.take(Some("b"), 3).unwrap();
        assert_eq!(share.take(Some("c"), 2).unwrap_err(), Full::All);
        let nobody = share.take(None, 1).unwrap();
        assert_eq!(share.take(None, 1).unwrap_err(), Full::All);
        drop((first, second));
        assert!(share.take(None, 9).is_ok(), "nobody is held to less than all");
        drop(nobody);
        let taken = share.taken();
        assert_eq!((taken.all, taken.of.len()), (0, 0));
    }
}
