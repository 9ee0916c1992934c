//! What an index takes in memory, as far as somebody has looked, and what all of them take together.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use index::Size;

use super::super::AccountId;

/// How old a look at the size of an index may be, beside its bytes.
const SIZED: Duration = Duration::from_secs(10);

/// The indexes of a process on one pair of scales: what they take together is known without asking each, and so is whose
/// have become others since they were weighed.
#[derive(Default)]
pub(super) struct Scales {
    bytes: AtomicU64,
    due: Mutex<HashSet<AccountId>>,
}

impl Scales {
    /// The bytes of all of them, and what is gathered for them.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn replace(&self, old: u64, new: u64) {
        self.bytes.fetch_add(new.wrapping_sub(old), Ordering::Relaxed);
    }

    /// Notes that an account's index is to be weighed.
    pub(super) fn note(&self, account: AccountId) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).insert(account);
    }

    /// Whose are to be weighed.
    pub(super) fn due(&self) -> HashSet<AccountId> {
        std::mem::take(&mut self.due.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is known of the size of an index.
pub(super) struct Memory {
    scales: Arc<Scales>,
    known: Mutex<Known>,
    /// Bytes that were gathered for it and are not in it yet.
    gathered: AtomicU64,
}

struct Known {
    size: Size,
    /// The version of which the bytes are known.
    version: i64,
    /// When all of it was last looked at, and at which version.
    since: Instant,
    whole: i64,
    /// The bytes with which it was last found to fit beside the others.
    fitted: u64,
    /// When it was found too large.
    outside: Option<Instant>,
    /// When its past was given up; unset where that may come back at once.
    past_outside: Option<Instant>,
    /// About how many bytes it would take, where it or its past was found too large.
    needs: Option<Needs>,
}

/// About how much memory an index would take that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// So many bytes.
    pub bytes: u64,
    /// Whether its past is counted, and not only what is.
    pub past: bool,
}

impl Needs {
    /// If `part` of `whole` rows took so many bytes beside those that were there before.
    pub(super) fn of(before: u64, bytes: u64, (part, whole): (u64, u64), past: bool) -> Needs {
        let grown = u128::from(bytes.saturating_sub(before)) * u128::from(whole) / u128::from(part.max(1));
        let grown = u64::try_from(grown).unwrap_or(u64::MAX);
        Needs { bytes: before.saturating_add(grown).max(bytes), past }
    }
}

/// Bytes that are gathered beside an index, until this is dropped.
pub(super) struct Gathered<'m> {
    memory: &'m Memory,
    bytes: u64,
}

impl Gathered<'_> {
    /// Notes how many they are now.
    pub(super) fn is(&mut self, bytes: u64) {
        self.memory.gathered.fetch_add(bytes.wrapping_sub(self.bytes), Ordering::Relaxed);
        self.memory.scales.replace(self.bytes, bytes);
        self.bytes = bytes;
    }
}

impl Drop for Gathered<'_> {
    fn drop(&mut self) {
        self.is(0);
    }
}

/// What there is to look at, to know the size of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing: it is known well enough.
    None,
    /// The bytes, which are known of an older version.
    Bytes,
    /// All of it, which was last looked at long ago.
    All,
}

impl Memory {
    /// Nothing is there yet.
    pub(super) fn new(scales: Arc<Scales>) -> Memory {
        let known = Known {
            size: Size::default(),
            version: -1,
            since: Instant::now(),
            whole: -1,
            fitted: 0,
            outside: None,
            past_outside: None,
            needs: None,
        };
        Memory { scales, known: Mutex::new(known), gathered: AtomicU64::new(0) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How large it was when it was last measured, with what is gathered for it.
    pub(super) fn size(&self) -> Size {
        let size = self.known().size;
        Size { bytes: size.bytes + self.gathered.load(Ordering::Relaxed), ..size }
    }

    /// Counts what is gathered for it.
    pub(super) fn gathered(&self) -> Gathered<'_> {
        Gathered { memory: self, bytes: 0 }
    }

    /// The bytes that it took then.
    pub(super) fn bytes(&self) -> u64 {
        self.size().bytes
    }

    /// What must be looked at to know the size of a version. A look at everything costs one at all paths, so that is
    /// seldom taken.
    pub(super) fn look(&self, version: i64) -> Look {
        let known = self.known();
        match known.since.elapsed() > SIZED {
            true => Look::All,
            false if known.version == version => Look::None,
            false => Look::Bytes,
        }
    }

    /// Notes that a version was looked at; says whether all of it has been, so that nothing is left to look at.
    pub(super) fn looked(&self, version: i64, look: Look) -> bool {
        let mut known = self.known();
        known.version = version;
        if look == Look::All {
            known.whole = version;
        }
        known.whole == version
    }

    /// Notes that it has become another at the same version.
    pub(super) fn unknown(&self) {
        let mut known = self.known();
        (known.version, known.whole) = (-1, -1);
    }

    /// Notes how large it is.
    pub(super) fn measured(&self, size: Size) {
        let mut known = self.known();
        self.scales.replace(known.size.bytes, size.bytes);
        (known.size, known.since) = (size, Instant::now());
    }

    /// Notes how many bytes it takes.
    pub(super) fn weighed(&self, bytes: u64) {
        let mut known = self.known();
        self.scales.replace(known.size.bytes, bytes);
        known.size.bytes = bytes;
    }

    /// Whether it has grown since it was last found to fit.
    pub(super) fn has_grown(&self) -> bool {
        let known = self.known();
        known.size.bytes > known.fitted
    }

    /// Notes that it fits as it is.
    pub(super) fn fits(&self) {
        let mut known = self.known();
        known.fitted = known.size.bytes;
    }

    /// Notes that nothing is there any more.
    pub(super) fn forget(&self) {
        let mut known = self.known();
        self.scales.replace(known.size.bytes, 0);
        (known.size, known.fitted) = (Size::default(), 0);
    }

    /// Notes that it does not fit.
    pub(super) fn leave(&self) {
        self.known().outside = Some(Instant::now());
    }

    /// Notes about how much it would take.
    pub(super) fn lacks(&self, needs: Needs) {
        self.known().needs = Some(needs);
    }

    /// About how much it would take, where it did not fit when it was last looked at.
    pub(super) fn needs(&self) -> Option<Needs> {
        self.known().needs
    }

    /// Notes that its past was given up, for a while or not.
    pub(super) fn leave_past(&self, for_long: bool) {
        self.known().past_outside = for_long.then(Instant::now);
    }

    /// Whether that was so long ago, or for no time.
    pub(super) fn is_past_outside_for(&self, time: Duration) -> bool {
        self.known().past_outside.is_none_or(|since| since.elapsed() >= time)
    }

    /// Notes that it is tried again.
    pub(super) fn begin(&self) {
        self.known().outside = None;
    }

    /// Whether it was found too large, and so long ago.
    pub(super) fn is_outside_for(&self, time: Duration) -> bool {
        self.known().outside.is_some_and(|since| since.elapsed() >= time)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_follows_from_what_was_read() {
        assert_eq!(Needs::of(0, 100, (10, 50), false), Needs { bytes: 500, past: false });
        assert_eq!(Needs::of(300, 400, (5, 20), true), Needs { bytes: 700, past: true });
        // Nothing was read, or more than was there: not less than it took already.
        assert_eq!(Needs::of(0, 100, (0, 0), false).bytes, 100);
        assert_eq!(Needs::of(0, 100, (20, 10), false).bytes, 100);
        assert_eq!(Needs::of(0, u64::MAX, (1, u64::MAX), true).bytes, u64::MAX);
    }

    #[test]
    fn the_bytes_of_a_version_are_looked_at_once() {
        let scales = Arc::new(Scales::default());
        let memory = Memory::new(scales.clone());
        assert_eq!(memory.look(7), Look::Bytes);
        memory.weighed(100);
        assert!(!memory.looked(7, Look::Bytes), "its strings are not counted yet");
        assert_eq!((memory.look(7), memory.look(8)), (Look::None, Look::Bytes));
        assert!(memory.has_grown());
        memory.fits();
        assert!(!memory.has_grown());
        assert!(memory.looked(7, Look::All));
        assert!(!memory.looked(8, Look::Bytes));
        let other = Memory::new(scales.clone());
        other.weighed(50);
        let mut gathered = other.gathered();
        gathered.is(7);
        assert_eq!((scales.bytes(), other.bytes()), (157, 57), "all together, and one alone");
        drop(gathered);
        memory.forget();
        other.weighed(20);
        assert_eq!(scales.bytes(), 20);
        drop(other);
        assert_eq!(scales.bytes(), 0, "what is dropped weighs nothing");
    }
}
