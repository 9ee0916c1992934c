//! Sets of small numbers, a bit each: rows of a chunk, codes of a column, customers of an account.

/// The bits of a word.
const WORD: usize = 64;

/// A set of the numbers below a length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Box<[u64]>,
    len: usize,
}

impl Bits {
    /// None of the numbers below `len`.
    pub(crate) fn none(len: usize) -> Bits {
        Bits { words: vec![0; len.div_ceil(WORD)].into(), len }
    }

    /// All of them.
    pub(crate) fn all(len: usize) -> Bits {
        let mut bits = Bits { words: vec![u64::MAX; len.div_ceil(WORD)].into(), len };
        bits.trim();
        bits
    }

    /// The set whose words are these; bits beyond the length are cut off.
    pub(crate) fn of(words: Box<[u64]>, len: usize) -> Bits {
        let mut bits = Bits { words, len };
        bits.trim();
        bits
    }

    /// Clears what lies beyond the length in the last word.
    fn trim(&mut self) {
        let rest = self.len % WORD;
        if let Some(last) = self.words.last_mut().filter(|_| rest != 0) {
            *last &= (1 << rest) - 1;
        }
    }

    /// How many numbers there could be.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The words, lowest first.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn has(&self, number: usize) -> bool {
        self.words.get(number / WORD).is_some_and(|word| word >> (number % WORD) & 1 == 1)
    }

    /// Puts a number in or takes it out.
    pub(crate) fn set(&mut self, number: usize, is_in: bool) {
        let (word, place) = (&mut self.words[number / WORD], number % WORD);
        *word = *word & !(1 << place) | u64::from(is_in) << place;
    }

    pub(crate) fn insert(&mut self, number: usize) {
        self.words[number / WORD] |= 1 << (number % WORD);
    }

    /// Takes a number out; whether it was in.
    pub(crate) fn remove(&mut self, number: usize) -> bool {
        let (word, bit) = (&mut self.words[number / WORD], 1 << (number % WORD));
        let was = *word & bit != 0;
        *word &= !bit;
        was
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many numbers both sets have.
    pub(crate) fn common_with(&self, other: &Bits) -> usize {
        self.words.iter().zip(&other.words).map(|(word, other)| (word & other).count_ones() as usize).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Keeps what the other set has too.
    pub(crate) fn keep(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Takes out what the other set has.
    pub(crate) fn remove_all(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Takes out each number whose predecessor was in too, where it is among some.
    pub(crate) fn remove_next(&mut self, some: &Bits) {
        let mut carry = 0;
        for (word, some) in self.words.iter_mut().zip(&some.words) {
            let after = *word << 1 | carry;
            carry = *word >> (WORD - 1);
            *word &= !(after & some);
        }
    }

    /// Adds what the other set has.
    pub(crate) fn add(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// What is not in the set.
    pub(crate) fn invert(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.trim();
    }

    /// Calls with each number, in order. Full words, which dense sets mostly are made of, go without a search.
    pub(crate) fn each(&self, mut call: impl FnMut(usize)) {
        for (place, word) in self.words.iter().enumerate() {
            let (first, mut word) = (place * WORD, *word);
            if word == u64::MAX {
                (first..first + WORD).for_each(&mut call);
                continue;
            }
            while word != 0 {
                call(first + word.trailing_zeros() as usize);
                word &= word - 1;
            }
        }
    }

    /// The numbers, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(place, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(place * WORD + bit)
            })
        })
    }
}

/// The set of the places at which a test holds, 64 at a time: compilers turn the inner loop into vector instructions.
pub(crate) fn filter<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> Bits {
    let mut words = Vec::with_capacity(values.len().div_ceil(WORD));
    let (whole, rest) = values.as_chunks::<WORD>();
    for sixty_four in whole {
        let mut flags = [0_u8; WORD];
        flags.iter_mut().zip(sixty_four).for_each(|(flag, value)| *flag = u8::from(test(*value)));
        words.push(pack(&flags));
    }
    if !rest.is_empty() {
        words.push(rest.iter().rev().fold(0, |word, value| word << 1 | u64::from(test(*value))));
    }
    Bits { words: words.into(), len: values.len() }
}

/// The places, in order and of so many, at whose values a test holds. Each word is put together before it is stored.
pub(crate) fn scatter<'c, T: Copy + 'c>(
    len: usize,
    cells: impl Iterator<Item = (&'c u16, &'c T)>,
    test: impl Fn(T) -> bool,
) -> Bits {
    let mut words = vec![0_u64; len.div_ceil(WORD)];
    let (mut at, mut word) = (0, 0);
    for (place, value) in cells {
        let own = usize::from(*place) / WORD;
        if own != at {
            words[at] = word;
            (at, word) = (own, 0);
        }
        word |= u64::from(test(*value)) << (usize::from(*place) % WORD);
    }
    if let Some(last) = words.get_mut(at) {
        *last = word;
    }
    Bits { words: words.into(), len }
}

/// The lowest bits of 64 bytes as one word. The multiplication moves the lowest bit of byte n to bit 56 + n, and no two
/// bits meet on the way.
fn pack(flags: &[u8; WORD]) -> u64 {
    let (eights, _) = flags.as_chunks::<8>();
    let packed =
        eights.iter().map(|eight| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56);
    packed.rev().fold(0, |word, byte| word << 8 | byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_what_their_numbers_are() {
        for len in [0, 1, 63, 64, 65, 200] {
            let mut odd = Bits::none(len);
            (1..len).step_by(2).for_each(|number| odd.insert(number));
            assert_eq!(odd.iter().collect::<Vec<_>>(), (1..len).step_by(2).collect::<Vec<_>>());
            let mut even = odd.clone();
            even.invert();
            assert_eq!(even.count() + odd.count(), len);
            let mut seen = Vec::new();
            Bits::all(len).each(|number| seen.push(number));
            assert_eq!(seen, (0..len).collect::<Vec<_>>());
            even.add(&odd);
            assert_eq!(even, Bits::all(len));
            even.keep(&odd);
            assert_eq!(even, odd);
            let mut none = Bits::all(len);
            none.remove_all(&odd);
            (0..len).step_by(2).for_each(|number| none.set(number, false));
            assert!(none.is_empty());
            (1..len).step_by(2).for_each(|number| none.set(number, true));
            assert_eq!(none, odd);
            let mut first = Bits::all(len);
            first.remove_next(&odd);
            (0..len).step_by(2).for_each(|number| assert!(first.remove(number)));
            assert!(first.is_empty());
            assert!(!odd.has(len) && Bits::none(len).is_empty());
        }
    }

    #[test]
    fn a_filter_finds_the_places() {
        for len in [0, 5, 64, 130] {
            let values: Vec<u16> = (0..len).collect();
            let found = filter(&values, |value| value % 7 == 3);
            let expected: Vec<usize> = (0..usize::from(len)).filter(|value| value % 7 == 3).collect();
            assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        }
    }
}
