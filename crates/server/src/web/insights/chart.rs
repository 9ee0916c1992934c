//! Drawings: lines and areas in a field of fixed numbers that is stretched to the width of the page. Strokes keep their width, and
//! all that is written stands beside it in HTML, so nothing that is read is ever scaled.

use std::fmt::Write;

/// The field's width and height.
pub(crate) const WIDTH: f64 = 1000.0;
pub(crate) const HEIGHT: f64 = 240.0;

/// The colours of lines, by their place.
const COLOURS: [&str; 8] = ["violet", "teal", "orange", "blue", "pink", "green", "amber", "red"];

/// The colour of a line by its place; those after the last have none of their own.
pub(crate) fn colour(place: usize) -> &'static str {
    COLOURS.get(place).copied().unwrap_or_default()
}

/// An axis from a least to a greatest number, in round steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    /// Where it begins: 0 or below.
    pub(crate) low: f64,
    /// Where it ends.
    pub(crate) high: f64,
    /// From one mark to the next.
    step: f64,
}

impl Axis {
    /// The shortest one with 0 and both numbers on it, and at most so many steps.
    pub(crate) fn of(least: f64, most: f64, steps: usize) -> Axis {
        let (least, most) = (least.min(0.0), most.max(0.0));
        let room = if most > least { most - least } else { 1.0 };
        let scale = 10f64.powf((room / steps as f64).log10().floor());
        let sizes = [1.0, 2.0, 2.5, 5.0, 10.0, 20.0].map(|size| size * scale);
        let fits = |step: &f64| ((most / step).ceil() - (least / step).floor()) as usize <= steps;
        let step = sizes.into_iter().find(fits).unwrap_or(sizes[5]);
        let high = (most / step).ceil().max(1.0 - f64::from(u8::from(least < 0.0))) * step;
        Axis { low: (least / step).floor() * step, high, step }
    }

    /// Its marks, the greatest first: equally far from one another.
    pub(crate) fn marks(&self) -> Vec<f64> {
        let steps = ((self.high - self.low) / self.step).round() as usize;
        (0..=steps).rev().map(|step| self.low + step as f64 * self.step).collect()
    }

    /// How far from the top of the field a number is.
    pub(crate) fn y(&self, number: f64) -> f64 {
        tenth(HEIGHT * (self.high - number) / (self.high - self.low))
    }

    /// Where the lines of its marks are.
    pub(crate) fn grid(&self) -> Vec<f64> {
        self.marks().into_iter().map(|mark| self.y(mark)).collect()
    }
}

/// Lines over columns, each with its points.
pub(crate) struct Lines {
    pub(crate) marks: Vec<String>,
    pub(crate) grid: Vec<f64>,
    pub(crate) labels: Vec<String>,
    /// Between the ends of intervals; empty where there is none.
    pub(crate) band: String,
    pub(crate) lines: Vec<Line>,
}

/// A line, with its points.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) colour: &'static str,
    pub(crate) path: String,
    pub(crate) points: Vec<Point>,
}

/// A point of a line.
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) title: String,
    /// Its people; empty where it is of nobody in particular.
    pub(crate) link: String,
}

impl Line {
    /// The line through points.
    pub(crate) fn through(name: String, colour: &'static str, points: Vec<Point>) -> Line {
        let path = line(&points.iter().map(|point| (point.x, point.y)).collect::<Vec<_>>());
        Line { name, colour, path, points }
    }
}

/// The middle of a column of so many.
pub(crate) fn middle(place: usize, columns: usize) -> f64 {
    tenth(WIDTH * (place as f64 + 0.5) / columns.max(1) as f64)
}

/// The path of a line through points.
pub(crate) fn line(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (place, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{x} {y}", if place == 0 { 'M' } else { 'L' });
    }
    path
}

/// The path of what is between two lines.
pub(crate) fn area(upper: &[(f64, f64)], lower: &[(f64, f64)]) -> String {
    let around: Vec<_> = upper.iter().chain(lower.iter().rev()).copied().collect();
    if around.is_empty() { String::new() } else { line(&around) + "Z" }
}

/// Which of so many labels are written where there is room for so many: each so many-th from the first.
pub(crate) fn every(labels: usize, room: usize) -> usize {
    labels.div_ceil(room.max(1)).max(1)
}

/// To a tenth of the field's unit, so that pages stay short.
pub(crate) fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_marks() {
        for (least, most, marks) in [
            (0.0, 0.38, vec![0.4, 0.3, 0.2, 0.1, 0.0]),
            (0.0, 1.0, vec![1.0, 0.75, 0.5, 0.25, 0.0]),
            (0.0, 0.0, vec![0.1, 0.0]),
            (0.0, 7_300.0, vec![8_000.0, 6_000.0, 4_000.0, 2_000.0, 0.0]),
            (-900.0, 2_100.0, vec![3_000.0, 2_000.0, 1_000.0, 0.0, -1_000.0]),
            (-5.0, 0.0, vec![0.0, -2.0, -4.0, -6.0]),
        ] {
            let axis = Axis::of(least, most, 4);
            let found: Vec<f64> = axis.marks().into_iter().map(|mark| (mark * 1e6).round() / 1e6).collect();
            assert_eq!(found, marks, "{least} to {most}");
            assert!(axis.low <= least && axis.high >= most);
        }
    }

    #[test]
    fn paths_are_short() {
        assert_eq!(line(&[(0.0, 10.0), (5.5, 20.0)]), "M0 10L5.5 20");
        assert_eq!(area(&[(0.0, 1.0), (2.0, 1.0)], &[(0.0, 3.0), (2.0, 3.0)]), "M0 1L2 1L2 3L0 3Z");
        assert_eq!((middle(0, 4), middle(3, 4)), (125.0, 875.0));
        assert_eq!((every(12, 12), every(13, 12), every(0, 12)), (1, 2, 1));
    }
}
