//! Times: as six bytes each after the first one, where that reaches (nine years).

use crate::bits::{self, Bits};

/// Microseconds since 1970.
#[derive(Debug)]
pub(crate) enum Times {
    /// `base + high * 2^16 + low`
    Near { base: i64, high: Box<[u32]>, low: Box<[u16]> },
    /// Any.
    Far(Box<[i64]>),
}

/// Bits of a time that are looked at only where the others are equal.
const LOW: u32 = u16::BITS;

impl Default for Times {
    fn default() -> Self {
        Times::Far(Box::default())
    }
}

impl Times {
    /// Times, in any order.
    pub(crate) fn new(times: &[i64]) -> Times {
        let (Some(base), Some(last)) = (times.iter().min(), times.iter().max()) else {
            return Times::default();
        };
        if last.checked_sub(*base).is_none_or(|span| span >> (LOW + u32::BITS) != 0) {
            return Times::Far(times.into());
        }
        let high = times.iter().map(|time| ((time - base) >> LOW) as u32).collect();
        let low = times.iter().map(|time| (time - base) as u16).collect();
        Times::Near { base: *base, high, low }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Times::Near { high, .. } => high.len(),
            Times::Far(times) => times.len(),
        }
    }

    pub(crate) fn get(&self, place: usize) -> i64 {
        match self {
            Times::Near { base, high, low } => base + (i64::from(high[place]) << LOW | i64::from(low[place])),
            Times::Far(times) => times[place],
        }
    }

    /// The places of those that are later than one.
    pub(crate) fn later(&self, than: i64) -> Bits {
        let (base, high, low) = match self {
            Times::Near { base, high, low } => (*base, high, low),
            Times::Far(times) => return bits::filter(times, |time| time > than),
        };
        let Some(cut) = than.checked_sub(base).filter(|cut| *cut >= 0) else {
            return if than < base { Bits::all(high.len()) } else { Bits::none(high.len()) };
        };
        let Ok(border) = u32::try_from(cut >> LOW) else { return Bits::none(high.len()) };
        let mut later = bits::filter(high, |high| high > border);
        bits::filter(high, |high| high == border).each(|place| {
            if low[place] > cut as u16 {
                later.insert(place);
            }
        });
        later
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.len() * if matches!(self, Times::Near { .. }) { 6 } else { 8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_what_they_were() {
        for times in [
            vec![],
            vec![-5],
            vec![-7, 0, 1 << 40, (1 << 48) - 8],
            vec![1 << 40, 3, (1 << 40) + 1, 3, 1 << 17, (1 << 17) + 1],
            vec![0, 1 << 48],
            vec![i64::MIN, i64::MAX],
        ] {
            let held = Times::new(&times);
            assert_eq!((0..held.len()).map(|place| held.get(place)).collect::<Vec<_>>(), times);
            let around =
                times.iter().flat_map(|time| [time.saturating_sub(1), *time, time.saturating_add(1)]);
            for than in around.chain([i64::MIN, 0, i64::MAX]) {
                let later: Vec<usize> = (0..times.len()).filter(|place| times[*place] > than).collect();
                assert_eq!(held.later(than).iter().collect::<Vec<_>>(), later, "{times:?} after {than}");
            }
        }
    }
}
