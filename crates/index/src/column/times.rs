//! The distinct times of a column, ascending: as six bytes each after the first one, where that reaches (nine years).

/// Microseconds since 1970, ascending.
#[derive(Debug)]
pub(super) enum Times {
    /// `base + high * 2^32 + low`
    Near { base: i64, low: Box<[u32]>, high: Box<[u16]> },
    /// Any.
    Far(Box<[i64]>),
}

impl Default for Times {
    fn default() -> Self {
        Times::Far(Box::default())
    }
}

impl Times {
    /// Times, which are in order.
    pub(super) fn new(sorted: &[i64]) -> Times {
        let (Some(base), Some(last)) = (sorted.first(), sorted.last()) else { return Times::default() };
        if last.checked_sub(*base).is_none_or(|span| span >> 48 != 0) {
            return Times::Far(sorted.into());
        }
        let low = sorted.iter().map(|time| (time - base) as u32).collect();
        let high = sorted.iter().map(|time| ((time - base) >> 32) as u16).collect();
        Times::Near { base: *base, low, high }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Times::Near { low, .. } => low.len(),
            Times::Far(times) => times.len(),
        }
    }

    pub(super) fn get(&self, place: usize) -> i64 {
        match self {
            Times::Near { base, low, high } => base + (i64::from(high[place]) << 32 | i64::from(low[place])),
            Times::Far(times) => times[place],
        }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
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
            vec![0, 1 << 48],
            vec![i64::MIN, i64::MAX],
        ] {
            let held = Times::new(&times);
            assert_eq!((0..held.len()).map(|place| held.get(place)).collect::<Vec<_>>(), times);
        }
    }
}
