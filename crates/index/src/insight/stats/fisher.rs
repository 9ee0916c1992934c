//! Fisher's exact test of a 2x2 table.

/// How much likelier than ours a table may seem and still be taken for as likely. The walk is off by 1e-13 at most (in tables
/// of millions), and tables that are not as likely are further apart: 2e-8 is the least that was found in tables of hundreds. It
/// is relative: an absolute one would call everything that is rare alike.
const FUZZ: f64 = 1e-12;

/// The weight of the likeliest table, 2^960. What weighs less than 2^-960 has a p that no number can hold: it is taken for 0.
const TOP: f64 = f64::from_bits((960 + 1023) << 52);

/// What may be left of a sum that nobody could see: less than the last bit of it.
const UNSEEN: f64 = f64::EPSILON / 1024.0;

/// The exact two-sided p of the table `[[a, b], [c, d]]`: how likely one no likelier than it is, among those of its margins.
/// None where a row or a column is empty: nothing can be tested there.
///
/// p(x), x in the place of a, is hypergeometric. It is never computed: from the likeliest table outwards each p(x+1) is
/// p(x) times `b c / ((a+1) (d+1))` of the table x, and the sum of those no likelier than ours is divided by the sum of
/// all. So there are no factorials and no logarithms, of which 12 digits cannot be had. A side ends where all that is left
/// could not be seen in the sum: that is after some tens of standard deviations, of which one is √(a+b+c+d)/4 at most.
///
/// Fisher, "The logic of inductive inference", Journal of the Royal Statistical Society 98 (1935), 39-82; the two-sided p
/// as in Freeman and Halton, Biometrika 38 (1951), 141-149.
pub fn fisher(table: [[u64; 2]; 2]) -> Option<f64> {
    let [[a, b], [c, d]] = table;
    let (row, other, column) = (a + b, c + d, a + c);
    if row == 0 || other == 0 || column == 0 || b + d == 0 {
        return None;
    }
    let likeliest = likeliest(row, column, row + other);
    let [up, down] = sides(row, other, column, likeliest);
    let ours = match a.abs_diff(likeliest) {
        0 => TOP,
        steps => if a > likeliest { up } else { down }.after(steps),
    };
    let limit = ours * (1.0 + FUZZ);
    if limit >= TOP || limit == 0.0 {
        return Some(if limit == 0.0 { 0.0 } else { 1.0 });
    }
    let (above, below) = (up.sum(limit), down.sum(limit));
    Some((above.unlikely + below.unlikely) / (TOP + above.all + below.all))
}

/// The mode of the hypergeometric distribution.
fn likeliest(row: u64, column: u64, all: u64) -> u64 {
    let product = (u128::from(row) + 1) * (u128::from(column) + 1);
    u64::try_from(product / (u128::from(all) + 2)).unwrap_or(row)
}

/// The tables on both sides of the one that has `x` in its first place.
fn sides(row: u64, other: u64, column: u64, x: u64) -> [Side; 2] {
    let [a, b, c, d] = [x, row - x, column - x, other + x - column].map(|cell| cell as f64);
    [Side { less: [b, c], more: [a, d] }, Side { less: [a, d], more: [b, c] }]
}

/// The tables on one side of the likeliest: each step takes one from two cells and gives it to the two others.
#[derive(Clone, Copy)]
struct Side {
    less: [f64; 2],
    more: [f64; 2],
}

/// Sums of weights.
#[derive(Default)]
struct Sums {
    all: f64,
    unlikely: f64,
}

impl Side {
    /// The weight of the next table over that of this one; never more than 1, and falling.
    fn step(&mut self) -> f64 {
        let given = self.less[0] * self.less[1];
        self.less = self.less.map(|cell| cell - 1.0);
        self.more = self.more.map(|cell| cell + 1.0);
        given / (self.more[0] * self.more[1])
    }

    /// The weight after so many steps, or 0.
    fn after(mut self, steps: u64) -> f64 {
        let mut weight = TOP;
        for _ in 0..steps {
            weight *= self.step();
            if weight < 1.0 / TOP {
                return 0.0;
            }
        }
        weight
    }

    /// The weights of this side, and those up to the limit; ours is one of these, on this side or the other.
    fn sum(mut self, limit: f64) -> Sums {
        let (mut sums, mut weight) = (Sums::default(), TOP);
        loop {
            let step = self.step();
            weight *= step;
            sums.all += weight;
            sums.unlikely += if weight <= limit { weight } else { 0.0 };
            // What follows is less than a geometric series of this step.
            if weight * step <= limit * UNSEEN * (1.0 - step) {
                return sums;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(table: [[u64; 2]; 2], wanted: f64) {
        let found = fisher(table).unwrap();
        assert!((found - wanted).abs() <= 1e-12 * wanted, "{table:?}: {found} is not {wanted}");
    }

    #[test]
    fn ladies_taste_tea() {
        near([[3, 1], [1, 3]], 34.0 / 70.0);
        near([[4, 0], [0, 4]], 2.0 / 70.0);
        near([[2, 2], [2, 2]], 1.0);
        near([[1, 0], [0, 1]], 1.0);
    }

    #[test]
    fn an_empty_margin_cannot_be_tested() {
        for table in
            [[[0, 0], [3, 4]], [[3, 4], [0, 0]], [[0, 3], [0, 4]], [[3, 0], [4, 0]], [[0, 0], [0, 0]]]
        {
            assert_eq!(fisher(table), None, "{table:?}");
        }
    }

    /// Rows and columns may change places, and so may the two.
    #[test]
    fn the_test_is_symmetric() {
        let mut state = 7_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for case in 0..500 {
            let size = [6, 40, 900, 20_000][case % 4];
            let [a, b, c, d] = [next(size), next(size), next(size), next(size)];
            let Some(p) = fisher([[a, b], [c, d]]) else { continue };
            assert!((0.0..=1.0).contains(&p));
            near([[b, a], [d, c]], p);
            near([[c, d], [a, b]], p);
            near([[a, c], [b, d]], p);
        }
    }

    #[test]
    fn fuzz_is_relative_and_small() {
        // An absolute fuzz made 1e-10 of this.
        let rare = fisher([[100, 2], [1000, 100_000]]).unwrap();
        assert!(rare > 0.0 && rare < 1e-100, "{rare}");
        // A fuzz of 1e-4 made 1 of this.
        let common = fisher([[345, 455], [260, 345]]).unwrap();
        assert!((common - 0.9567).abs() < 1e-4, "{common}");
        // Two tables of the same margins, of which one is likelier by 2e-8: R's 1e-7 would take them for alike.
        let (less, more) = (fisher([[169, 136], [49, 27]]).unwrap(), fisher([[180, 125], [38, 38]]).unwrap());
        assert!(more - less > 0.01, "{less} and {more}");
    }

    #[test]
    fn tables_of_millions_end_soon() {
        let start = std::time::Instant::now();
        for table in [
            [[5_829_225, 5_692_693], [5_760_959, 5_760_959]],
            [[5_000_000, 5_001_000], [5_001_000, 5_000_000]],
            [[1, 1_000_000_000], [1_000_000_000, 1]],
            [[0, 4_000_000_000], [3, 4_000_000_000]],
        ] {
            let p = fisher(table).unwrap();
            assert!((0.0..=1.0).contains(&p), "{table:?}: {p}");
        }
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn what_no_number_can_hold_is_zero() {
        assert_eq!(fisher([[1_000_000, 0], [0, 1_000_000]]), Some(0.0));
        let least = fisher([[510, 0], [0, 510]]).unwrap();
        assert!(least > 0.0 && least < 1e-300, "{least}");
    }
}
