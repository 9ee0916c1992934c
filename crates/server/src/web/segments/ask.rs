//! What is told of segments: how many are in each now, and what that number was in the last ninety days, week by week.

use std::time::Duration;

use bigdecimal::BigDecimal;
use filter::calendar::{Unit, day_of};
use index::{Part, Question};

use super::address;
use crate::{
    http::{App, Problem},
    model::{Formats, now},
    store::{
        View,
        query::{Answer, Error, Point, Query, Series, SeriesAnswer, SeriesError},
        segment::Segment,
    },
    web::{
        frame::Frame,
        page::trend::{self, Change, Drawn, Line},
    },
};

/// The days that a line goes back.
pub(super) const DAYS: i64 = 90;
/// How long a page of segments may be counted.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is told of a segment.
#[derive(Default)]
pub(super) struct Told {
    /// How many are in it; none where that is not known.
    pub(super) count: Option<u64>,
    /// Why not.
    pub(super) why: Option<String>,
    /// Whether something took too long.
    pub(super) is_slow: bool,
    pub(super) line: Option<Line>,
    pub(super) change: Option<Change>,
    /// The end of each week, oldest first.
    pub(super) points: Vec<Point>,
}

impl Told {
    /// How many, as people read it.
    pub(super) fn shown(&self, formats: Formats) -> String {
        self.count.map_or_else(|| "?".to_owned(), |it| formats.count(it))
    }
}

/// What is told of each of some segments: all that there is time for is of one version.
pub(super) async fn told(app: &App, frame: &Frame, segments: &[Segment]) -> Result<Vec<Told>, Problem> {
    let view = View::account(frame.member.account);
    let today = day_of(now(), &frame.account.zone);
    let from = Unit::Day.shift(today, -DAYS).unwrap_or(today);
    let asked = |segment: &Segment| question(frame, segment, format!("{from} .. {today}"));
    let (queries, series): (Vec<Query>, Vec<Series>) = segments.iter().map(asked).unzip();
    let together = app.together(&view, &queries, &series, PATIENCE).await?;
    let each = together.answers.into_iter().zip(together.series).zip(segments);
    Ok(each.map(|((answer, series), segment)| Told::new(segment, answer, series, frame.formats())).collect())
}

impl Told {
    fn new(
        segment: &Segment,
        answer: Result<Answer, Error>,
        series: Result<SeriesAnswer, Error>,
        formats: Formats,
    ) -> Told {
        let mut told = Told::default();
        match answer {
            Ok(answer) => told.count = answer.count.map(|count| count.customers),
            Err(error) => told.fails(&error),
        }
        match series {
            Ok(series) => told.draw(segment, series.points, formats),
            Err(error) => told.is_slow |= is_slow(&error),
        }
        told
    }

    fn fails(&mut self, error: &Error) {
        self.is_slow = is_slow(error);
        self.why = Some(match error {
            Error::Filter(error) => error.message.clone(),
            error => error.to_string(),
        });
    }

    fn draw(&mut self, segment: &Segment, points: Vec<Point>, formats: Formats) {
        let weeks: Vec<BigDecimal> = points.iter().map(|point| point.count.customers.into()).collect();
        let drawn =
            Drawn::new((&segment.name, DAYS), &weeks, true, trend::Told::new(formats, Formats::whole));
        (self.line, self.change, self.points) = (drawn.line, drawn.change, points);
    }
}

fn is_slow(error: &Error) -> bool {
    matches!(error, Error::TooSlow | Error::Series(SeriesError::TooSlow { .. }))
}

fn question(frame: &Frame, segment: &Segment, period: String) -> (Query, Series) {
    let address = address(frame, segment);
    let question = Question { select: vec![Part::Count], ..Question::default() };
    let query = Query { filter: address.filter.clone(), rows: address.rows(), question, ..Query::default() };
    let series = Series {
        filter: address.filter.clone(),
        rows: address.rows(),
        aggregates: Vec::new(),
        step: Unit::Week,
        period: Some(period),
        by: None,
        limit: 0,
        listed: None,
        min_version: 0,
        engine: None,
    };
    (query, series)
}
