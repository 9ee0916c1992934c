//! How long until it happens: the life table, Kaplan and Meier's curve with its interval, the median.

use super::{Interval, Z};

/// Those who left at one time: to whom it happened, and of whom it is not known any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exits {
    /// Whole units since the beginning of each.
    pub time: u64,
    /// To whom it happened then.
    pub events: u64,
    /// Who were looked at until then, and to whom it had not happened.
    pub censored: u64,
}

/// A row of the life table: what holds from its time to that of the next row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Whole units since the beginning of each.
    pub time: u64,
    /// Those left just before this time.
    pub at_risk: u64,
    /// To whom it happened at this time.
    pub events: u64,
    /// Who were looked at until this time; they are at risk at it.
    pub censored: u64,
    /// S, the estimate of those to whom it has not happened by now, this time included.
    pub survival: f64,
    /// 1 - S, computed by itself, so that a small share keeps its digits.
    pub converted: f64,
    /// Greenwood's sum V of `d / (n (n - d))`; the standard error of S is `S √V`. Infinite where S is 0.
    pub greenwood: f64,
    /// The interval of `survival`.
    pub survival_interval: Interval,
    /// The interval of `converted`: 1 less the ends of the other, which change places.
    pub converted_interval: Interval,
}

/// The time by which it has happened to half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Median {
    /// The first time at which S is at most a half; none where it never is.
    pub time: Option<u64>,
    /// The first time at which the lower end of S is.
    pub low: Option<u64>,
    /// The first time at which the upper end of S is; often there is none.
    pub high: Option<u64>,
}

/// The life table: a row for each time at which somebody left, ascending. `exits` come in any order, a time as often as one
/// likes.
///
/// With n at risk and d events at each time up to t, `S(t) = Π (1 - d/n)`, events before those of whom nothing more is known
/// at the same time. Its 95% interval is the exponential one of Greenwood's sum, "log-log": `S^exp(±z √V / log S)`; [1, 1]
/// before the first event and [0, 0] where S is 0.
///
/// Kaplan and Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958), 457-481; Greenwood, "The natural
/// duration of cancer", Reports on Public Health 33 (1926); Kalbfleisch and Prentice, "The statistical analysis of failure time
/// data" (1980), 1.2, for the interval.
pub fn life_table(exits: impl IntoIterator<Item = Exits>) -> Vec<Row> {
    let mut exits: Vec<Exits> = exits.into_iter().filter(|exit| exit.events + exit.censored > 0).collect();
    exits.sort_unstable_by_key(|exit| exit.time);
    exits.dedup_by(|next, first| {
        let same = next.time == first.time;
        if same {
            first.events += next.events;
            first.censored += next.censored;
        }
        same
    });
    let mut curve = Curve::new(exits.iter().map(|exit| exit.events + exit.censored).sum());
    exits.into_iter().map(|exit| curve.step(exit)).collect()
}

/// The median: where the curve, and the ends of its interval, first come down to a half.
///
/// S is rounded to 12 digits for this: where it is a half in fractions, a product of floats may lie above it, and the median
/// would be one event late.
///
/// Brookmeyer and Crowley, "A confidence interval for the median survival time", Biometrics 38 (1982), 29-41, on the scale of
/// the curve's interval.
pub fn median(rows: &[Row]) -> Median {
    let first = |value: fn(&Row) -> f64| rows.iter().find(|row| is_half(value(row))).map(|row| row.time);
    Median {
        time: first(|row| row.survival),
        low: first(|row| row.survival_interval.low),
        high: first(|row| row.survival_interval.high),
    }
}

fn is_half(share: f64) -> bool {
    share <= 0.5 + 5e-13
}

/// The curve as it falls. As long as nobody is censored the fractions cancel: what is left over what there was is exact.
/// So a run of such steps is one fraction, and only runs are multiplied.
struct Curve {
    /// Those at risk.
    left: u64,
    /// S, 1 - S and log S before this run.
    before: (f64, f64, f64),
    /// Those at risk when this run began.
    began: u64,
    /// Greenwood's sum.
    greenwood: f64,
}

impl Curve {
    fn new(all: u64) -> Curve {
        Curve { left: all, before: (1.0, 0.0, 0.0), began: all, greenwood: 0.0 }
    }

    fn step(&mut self, exit: Exits) -> Row {
        let Exits { time, events, censored } = exit;
        let (at_risk, alive) = (self.left, self.left - events);
        if events > 0 {
            self.greenwood += events as f64 / (at_risk as f64 * alive as f64);
        }
        let now = self.now(alive);
        self.left = alive - censored;
        if censored > 0 {
            (self.before, self.began) = (now, self.left);
        }
        let (survival, converted, log) = now;
        let [low, high] = self.exponents(converted, log);
        let survival_interval = Interval { low: low.exp(), high: high.exp() };
        let converted_interval = Interval { low: 0.0 - high.exp_m1(), high: 0.0 - low.exp_m1() };
        let greenwood = self.greenwood;
        Row {
            time,
            at_risk,
            events,
            censored,
            survival,
            converted,
            greenwood,
            survival_interval,
            converted_interval,
        }
    }

    /// S, 1 - S and log S when so many are left of this run.
    fn now(&self, alive: u64) -> (f64, f64, f64) {
        if alive == 0 {
            return (0.0, 1.0, f64::NEG_INFINITY);
        }
        let (survival, converted, log) = self.before;
        let began = self.began as f64;
        let lost = (self.began - alive) as f64 / began;
        (survival * (alive as f64 / began), converted + survival * lost, log + (-lost).ln_1p())
    }

    /// The logarithms of the two ends: `log S · exp(±z √V / log S)`.
    fn exponents(&self, converted: f64, log: f64) -> [f64; 2] {
        if converted == 0.0 || self.greenwood.is_infinite() {
            return [log; 2];
        }
        let reach = Z * self.greenwood.sqrt() / log;
        [log * (-reach).exp(), log * reach.exp()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(exits: &[(u64, u64, u64)]) -> Vec<Row> {
        life_table(exits.iter().map(|(time, events, censored)| Exits {
            time: *time,
            events: *events,
            censored: *censored,
        }))
    }

    /// Each dies alone, at 1, 2, 3 …
    fn one_by_one(size: u64) -> Vec<Row> {
        rows(&(1..=size).map(|time| (time, 1, 0)).collect::<Vec<_>>())
    }

    #[test]
    fn the_remission_of_6_mp() {
        // Freireich 1963, in every textbook: 21 patients, S(6) = 0.857, S(10) = 0.753, S(23) = 0.448.
        let found = rows(&[
            (6, 3, 1),
            (7, 1, 0),
            (9, 0, 1),
            (10, 1, 1),
            (11, 0, 1),
            (13, 1, 0),
            (16, 1, 0),
            (17, 0, 1),
            (19, 0, 1),
            (20, 0, 1),
            (22, 1, 0),
            (23, 1, 0),
            (25, 0, 1),
            (32, 0, 2),
            (34, 0, 1),
            (35, 0, 1),
        ]);
        let at = |time| {
            let row = found.iter().find(|row| row.time == time).unwrap();
            format!("{} {:.3} {:.4}", row.at_risk, row.survival, row.survival * row.greenwood.sqrt())
        };
        assert_eq!([at(6), at(10), at(23)], ["21 0.857 0.0764", "15 0.753 0.0963", "6 0.448 0.1346"]);
        assert_eq!(median(&found), Median { time: Some(23), low: Some(13), high: None });
    }

    #[test]
    fn a_half_is_a_half() {
        for size in (2..=400).step_by(2) {
            assert_eq!(median(&one_by_one(size)).time, Some(size / 2), "of {size}");
        }
        // With somebody censored between: 9/10 · 5/9, in two runs.
        let found = rows(&[(1, 1, 0), (2, 0, 0), (3, 4, 5)]);
        assert_eq!(found.last().map(|row| row.survival), Some(0.5));
        let runs = rows(&[(1, 1, 3), (2, 1, 0), (3, 1, 1), (4, 0, 1), (5, 1, 5)]);
        let exact = runs.iter().map(|row| (row.at_risk - row.events, row.at_risk));
        let (over, under) = exact.fold((1, 1), |(a, b), (c, d)| (a * c, b * d));
        assert!((runs[4].survival - over as f64 / under as f64).abs() < 1e-15);
    }

    /// Where few are left after many were censored, the upper end rises again. It counts that it has been below a half.
    #[test]
    fn an_end_crosses_a_half_when_it_first_does() {
        let found = rows(&[(1, 5, 0), (3, 20, 1), (4, 20, 0), (5, 5, 30), (6, 1, 1)]);
        assert!(found[3].survival_interval.high < 0.5 && found[4].survival_interval.high > 0.5);
        assert_eq!(median(&found), Median { time: Some(4), low: Some(4), high: Some(5) });
    }

    #[test]
    fn events_come_before_those_of_whom_nothing_more_is_known() {
        let together = rows(&[(5, 1, 1)]);
        assert_eq!((together[0].at_risk, together[0].survival), (2, 0.5));
        assert_eq!(rows(&[(5, 0, 1), (5, 1, 0)]), together, "in any order");
    }

    #[test]
    fn before_the_first_event_and_after_the_last_nothing_is_open() {
        let found = rows(&[(1, 0, 2), (2, 3, 0), (4, 7, 0)]);
        assert_eq!(found[0].survival_interval, Interval { low: 1.0, high: 1.0 });
        assert_eq!(found[0].converted_interval, Interval { low: 0.0, high: 0.0 });
        assert!(found[1].survival_interval.low < 0.7 && found[1].survival_interval.high > 0.7);
        assert_eq!((found[2].survival, found[2].converted), (0.0, 1.0));
        assert_eq!(found[2].survival_interval, Interval { low: 0.0, high: 0.0 });
        assert_eq!(found[2].converted_interval, Interval { low: 1.0, high: 1.0 });
    }

    #[test]
    fn nobody_and_nothing() {
        assert_eq!(rows(&[]), []);
        assert_eq!(median(&[]), Median { time: None, low: None, high: None });
        let never = rows(&[(10, 0, 4)]);
        assert_eq!((never[0].survival, median(&never).time), (1.0, None));
        assert_eq!(median(&rows(&[(0, 3, 0)])), Median { time: Some(0), low: Some(0), high: Some(0) });
    }

    #[test]
    fn the_curve_falls_inside_its_interval() {
        let mut state = 11_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..300 {
            let exits: Vec<_> = (0..next(60)).map(|_| (next(90), next(5), next(5))).collect();
            let found = rows(&exits);
            for pair in found.windows(2) {
                assert!(pair[1].survival <= pair[0].survival && pair[1].time > pair[0].time);
                assert_eq!(pair[1].at_risk, pair[0].at_risk - pair[0].events - pair[0].censored);
            }
            for row in &found {
                let (of, not) = (row.survival_interval, row.converted_interval);
                assert!(
                    0.0 <= of.low && of.low <= row.survival && row.survival <= of.high && of.high <= 1.0,
                    "{row:?}"
                );
                assert!(not.low <= row.converted && row.converted <= not.high, "{row:?}");
                assert!((row.survival + row.converted - 1.0).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn a_small_share_keeps_its_digits() {
        let found = rows(&[(3, 1, 0), (9, 0, 2_999_999_999)]);
        assert_eq!(found[0].converted, 1.0 / 3_000_000_000.0);
        assert!(found[0].converted_interval.low > 0.0);
    }
}
