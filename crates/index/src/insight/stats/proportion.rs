//! Rates: one with its interval, and two beside each other.

use super::{Interval, Z};

/// Below this many people a rate says little.
pub const SMALL: u64 = 30;

/// How many of how many: a proportion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// How many are; at most `all`.
    pub some: u64,
    /// Of how many.
    pub all: u64,
}

/// A difference of two proportions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The first less the second.
    pub value: f64,
    /// Newcombe's interval of it.
    pub interval: Interval,
}

/// A ratio of two proportions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The first over the second; none where the second is 0.
    pub value: Option<f64>,
    /// Its interval, not centred on it; there also where it has no value, and none where both are everybody.
    pub interval: Option<Interval>,
}

impl Rate {
    /// The share, from 0 to 1; `None` of nobody, and where more are counted than there are.
    pub fn share(self) -> Option<f64> {
        (self.all > 0 && self.some <= self.all).then(|| self.some as f64 / self.all as f64)
    }

    /// The share of those who are not, to full precision also near 1.
    fn rest(self) -> f64 {
        (self.all - self.some) as f64 / self.all as f64
    }

    /// Wilson's interval of the share; `None` of nobody.
    pub fn interval(self) -> Option<Interval> {
        wilson(self.some, self.all)
    }

    /// Whether it says little, being of few.
    pub fn is_small(self) -> bool {
        self.all < SMALL
    }
}

impl std::ops::AddAssign for Rate {
    fn add_assign(&mut self, other: Rate) {
        self.some += other.some;
        self.all += other.all;
    }
}

/// Wilson's 95% interval of `count` of `size`, without a correction for continuity; none of nobody.
///
/// Its ends are the roots x of `(n + z²) x² - (2k + z²) x + k²/n = 0`, that is
/// `(k + z²/2 ± z √(k (n-k)/n + z²/4)) / (n + z²)`. The lower one is had from the product of both, so that no digits are
/// lost and that it is 0 where k is; the upper is set to 1 where k is n.
///
/// Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
pub fn wilson(count: u64, size: u64) -> Option<Interval> {
    let of = Rate { some: count, all: size };
    let share = of.share()?;
    let (k, n) = (count as f64, size as f64);
    let reach = k + Z * Z / 2.0 + Z * (k * of.rest() + Z * Z / 4.0).sqrt();
    let high = if count == size { 1.0 } else { reach / (n + Z * Z) };
    Some(Interval { low: k * share / reach, high })
}

/// The first proportion less the second, with Newcombe's 95% interval; none where one of them is of nobody.
///
/// With p, l, u the proportions and the ends of their Wilson intervals: from `d - √((p1-l1)² + (u2-p2)²)` to
/// `d + √((u1-p1)² + (p2-l2)²)`.
///
/// Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17 (1998),
/// 873-890, method 10.
pub fn difference(first: Rate, second: Rate) -> Option<Difference> {
    let (p, q) = (first.share()?, second.share()?);
    let (of_p, of_q) = (wilson(first.some, first.all)?, wilson(second.some, second.all)?);
    let value = exact_difference(first, second);
    let below = (p - of_p.low).hypot(of_q.high - q);
    let above = (of_p.high - p).hypot(q - of_q.low);
    Some(Difference { value, interval: Interval { low: value - below, high: value + above } })
}

/// By the common denominator, in integers: of two shares that are nearly the same no digits are lost.
fn exact_difference(first: Rate, second: Rate) -> f64 {
    let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
    let (p, q) = (product(first.some, second.all), product(second.some, first.all));
    let sizes = product(first.all, second.all) as f64;
    if p < q { -((q - p) as f64 / sizes) } else { (p - q) as f64 / sizes }
}

/// The first proportion over the second, with the "log-adjusted" 95% interval; none where one of them is of nobody.
///
/// The interval, and only it, is computed with 0.5 added to both counts and both sizes (k, n):
/// `k1/n1 / (k2/n2) · exp(±z √(1/k1 - 1/n1 + 1/k2 - 1/n2))`. Of nobody in the first the lower end is 0, which the 0.5 would put
/// above the ratio itself; where both are everybody the root is 0, which is no interval.
///
/// Katz, Baptista, Azen and Pike, "Obtaining confidence intervals for the risk ratio in cohort studies", Biometrics 34 (1978),
/// 469-474; with 0.5 added as in Walter, Biometrika 62 (1975), 371.
pub fn ratio(first: Rate, second: Rate) -> Option<Ratio> {
    let (p, q) = (first.share()?, second.share()?);
    let adjusted = |of: Rate| (of.some as f64 + 0.5, of.all as f64 + 0.5);
    let ((k1, n1), (k2, n2)) = (adjusted(first), adjusted(second));
    let variance =
        first.rest() * first.all as f64 / (k1 * n1) + second.rest() * second.all as f64 / (k2 * n2);
    let (centre, reach) = (k1 * n2 / (n1 * k2), (Z * variance.sqrt()).exp());
    let value = (second.some > 0).then(|| p / q);
    let low = if first.some == 0 { 0.0 } else { centre / reach };
    let interval = (variance > 0.0).then_some(Interval { low, high: centre * reach });
    Some(Ratio { value, interval })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u64, size: u64) -> Rate {
        Rate { some: count, all: size }
    }

    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() <= 1e-12 * wanted.abs(), "{found} is not {wanted}");
    }

    #[test]
    fn the_quantile_has_all_its_digits() {
        let found = wilson(50, 200).unwrap();
        near(found.low, 0.195081680068175);
        assert!((found.low - 0.1950807).abs() > 1e-7, "1.96 would give 0.1950807");
    }

    #[test]
    fn the_ends_are_exact_where_nobody_or_everybody_is_counted() {
        for size in 1..=2000 {
            let (none, all) = (wilson(0, size).unwrap(), wilson(size, size).unwrap());
            assert_eq!((none.low, all.high), (0.0, 1.0), "of {size}");
            assert!(none.high < 1.0 && all.low > 0.0, "of {size}");
        }
    }

    #[test]
    fn a_proportion_lies_in_its_interval() {
        for size in 1..=120 {
            for count in 0..=size {
                let (found, mirror) = (wilson(count, size).unwrap(), wilson(size - count, size).unwrap());
                let share = of(count, size).share().unwrap();
                assert!(0.0 <= found.low && found.low <= share && share <= found.high && found.high <= 1.0);
                assert!((found.low + mirror.high - 1.0).abs() < 1e-15, "{count} of {size} and its mirror");
            }
        }
    }

    #[test]
    fn nobody_and_too_many_are_no_proportion() {
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(3, 2), None);
        assert_eq!(difference(of(1, 2), of(0, 0)), None);
        assert_eq!(ratio(of(0, 0), of(1, 2)), None);
    }

    #[test]
    fn newcombe_gives_the_figures_of_his_paper() {
        // 56/70 and 48/80 of his table II, method 10.
        let found = difference(of(56, 70), of(48, 80)).unwrap();
        near(found.value, 0.2);
        assert_eq!(format!("{:.4} {:.4}", found.interval.low, found.interval.high), "0.0524 0.3339");
        let all = difference(of(10, 10), of(0, 10)).unwrap();
        assert_eq!((all.value, all.interval.high), (1.0, 1.0));
    }

    #[test]
    fn a_small_difference_of_large_groups_keeps_its_digits() {
        let found = difference(of(333_333_334, 1_000_000_000), of(1, 3)).unwrap();
        near(found.value, 2.0 / 3_000_000_000.0);
    }

    #[test]
    fn a_ratio_to_nothing_has_no_value_and_still_an_interval() {
        let found = ratio(of(3, 10), of(0, 10)).unwrap();
        assert_eq!(found.value, None);
        assert!(found.interval.is_some_and(|interval| interval.low > 0.0 && interval.high.is_finite()));
        let same = ratio(of(7, 7), of(9, 9)).unwrap();
        assert_eq!((same.value, same.interval), (Some(1.0), None));
    }

    #[test]
    fn a_ratio_lies_in_its_interval() {
        for (first, second) in (1..=12).flat_map(|first| (1..=12).map(move |second| (first, second))) {
            for (k, other) in (0..=first).flat_map(|k| (0..=second).map(move |other| (k, other))) {
                let found = ratio(of(k, first), of(other, second)).unwrap();
                let what = format!("{k} of {first} over {other} of {second}: {found:?}");
                assert_eq!(found.interval.is_none(), (k, other) == (first, second), "{what}");
                let Some((Interval { low, high }, value)) = found.interval.zip(found.value) else { continue };
                assert!(low <= value && value <= high && low < high, "{what}");
            }
        }
    }
}
