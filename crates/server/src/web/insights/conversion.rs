//! Who comes from a beginning to an end, and how long it takes: the rate within some days, the curve, and who is about to
//! reach the end of a trial.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use filter::expr::Start;
use index::{
    Part, Question,
    insight::{
        Cell, People,
        conversion::{Answer, Conversion, Group, Within},
    },
};

use super::{
    Head,
    address::Address,
    answered, ask,
    chart::{self, Axis, Line, Lines, Point, WIDTH},
    controls::{Control, Paths},
    sheet::{Sheet, number},
    words::{self, Pen},
};
use crate::{
    api::insights::conversion::ConversionIn,
    http::{App, Problem},
    store::{
        View,
        query::{Query, insight::Insight},
    },
    web::{frame::Frame, page::Page, session::SignedIn},
};

/// The window that the sentence speaks of, where it is asked for.
const SPOKEN: u32 = 30;
/// Whose trial ends soon.
const EXPIRING: &str = "status = trial and params.trial_ends in next 7 days";

#[derive(Template)]
#[template(path = "insights/conversion.html")]
struct ConversionPage {
    frame: Frame,
    head: Head,
    told: Option<Told>,
    expiring: Option<(u64, String)>,
}

/// What is told of who comes to the end.
struct Told {
    sentence: Option<Sentence>,
    /// How long it takes half of them, in words.
    median: String,
    is_empty: bool,
    from: String,
    to: String,
    by: String,
    windows: Vec<u32>,
    rows: Vec<Row>,
    curve: Lines,
    /// Everybody's curve in numbers.
    days: Vec<Day>,
    before: Option<(u64, String)>,
    outside: Option<(u64, String)>,
}

/// A sentence about everybody whose days are over.
struct Sentence {
    size: String,
    link: String,
    share: String,
    days: u32,
    interval: String,
}

/// Those who hold the same.
struct Row {
    name: String,
    colour: &'static str,
    entered: Number,
    converted: Number,
    windows: Vec<Window>,
    median: String,
}

/// A number with its people.
struct Number {
    text: String,
    link: String,
}

/// A rate within some days, and whose days are not over.
struct Window {
    text: String,
    title: String,
    link: String,
    interval: String,
    is_small: bool,
    running: Number,
}

/// A day of the curve.
struct Day {
    day: u64,
    numbers: [Number; 3],
    share: String,
    interval: String,
}

/// `GET /insights/conversion`.
pub async fn show_conversion(
    State(app): State<App>,
    frame: Frame,
    address: Address,
) -> Result<Response, Problem> {
    let address = address.dated(frame.today());
    let (head, answered) = ask::<ConversionIn>(&app, &frame, &address, controls).await?;
    let expiring = match &answered {
        // What stands beside the answer takes nothing from it: a filter may be too long to have more put to it.
        Some(_) => expiring(&app, &View::account(frame.member.account), &address).await.unwrap_or(None),
        None => None,
    };
    let told = answered.map(|(question, insight)| Told::new(Pen::of(&frame, &address), &question, &insight));
    Ok(Page(ConversionPage { frame, head, told, expiring }).into_response())
}

/// `GET /insights/conversion.csv`.
pub async fn export_conversion(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    address: Address,
) -> Result<Response, Problem> {
    let (_, insight) = answered::<ConversionIn>(&app, &View::account(member.account), &address).await?;
    sheet(&insight.answer).answer()
}

fn controls(address: &Address, paths: &Paths) -> Vec<Control> {
    let days = [("30", "30 days"), ("", "90 days"), ("180", "180 days"), ("365", "365 days")];
    vec![
        Control::text(address, "from", "From", "first_seen"),
        Control::text(address, "to", "To", "first_paid"),
        Control::text(address, "within", "Within days", "7, 30, 90"),
        Control::choice(address, "days", "Curve of", &days),
        Control::by(address, paths),
    ]
}

/// Whose trial ends soon, of those of whom it is asked; none where nobody's does.
async fn expiring(app: &App, view: &View, address: &Address) -> Result<Option<(u64, String)>, Problem> {
    let asked = address.customers();
    let filter = filter::parse(&asked.filter)?.and(&filter::parse(EXPIRING)?).to_string();
    let question = Question { select: vec![Part::Count], ..Question::default() };
    let (rows, as_of) = (asked.rows(), asked.as_of());
    let query = Query { filter: filter.clone(), rows, as_of, question, ..Query::default() };
    let found = app.query(view, &query).await?.count.map_or(0, |count| count.relationships);
    Ok((found > 0).then(|| (found, asked.filtered(filter).link())))
}

impl Told {
    fn new(pen: Pen<'_>, question: &Conversion, insight: &Insight<Answer>) -> Told {
        let Answer { groups, outside } = &insight.answer;
        let all = groups.first().expect("everybody is the first group");
        let some = |people: &People| (people.count > 0).then(|| (people.count, pen.people(&people.people)));
        let row = |(place, group): (usize, &Group)| Row::new(pen, group, place);
        let (shown, is_split) = if groups.len() > 1 { (&groups[1..], true) } else { (&groups[..], false) };
        Told {
            sentence: sentence(pen, all),
            median: median(pen, all, question.days),
            is_empty: all.entered.count == 0,
            from: named(&question.from),
            to: named(&question.to),
            by: question.by.as_ref().map_or_else(String::new, |by| by.field.label()),
            windows: question.within.clone(),
            rows: groups.iter().enumerate().map(row).collect(),
            curve: curve(pen, question, shown, is_split),
            days: days(pen, all),
            before: some(&all.before),
            outside: outside.as_ref().and_then(some),
        }
    }
}

/// The field or the filter that a time is asked by.
fn named(start: &Start) -> String {
    match start {
        Start::Field(field) => field.to_string(),
        Start::First(filter) => filter.value.to_string(),
    }
}

fn sentence(pen: Pen<'_>, all: &Group) -> Option<Sentence> {
    let is_told = |window: &&Within| window.over.rate.all > 0;
    let spoken = all.within.iter().filter(is_told).find(|window| window.days == SPOKEN);
    let window = spoken.or_else(|| all.within.iter().rev().find(is_told))?;
    let rate = window.over.rate;
    Some(Sentence {
        size: pen.formats.of(rate.all, "person", "people"),
        link: pen.people(&window.over.all),
        share: pen.share(rate),
        days: window.days,
        interval: pen.interval(rate),
    })
}

/// How long it takes half of them, with the ends of its interval.
fn median(pen: Pen<'_>, group: &Group, days: u32) -> String {
    let Some(time) = group.median.time else {
        return format!("By the curve, fewer than half have come to it after {days} days.");
    };
    let ends = match (group.median.low, group.median.high) {
        (Some(low), Some(high)) => format!(" (95% interval {low} to {high})"),
        (Some(low), None) => format!(" (95% interval from {low} on)"),
        _ => String::new(),
    };
    format!("By the curve, half have come to it after {}{ends}.", pen.formats.of(time, "day", "days"))
}

impl Row {
    fn new(pen: Pen<'_>, group: &Group, place: usize) -> Row {
        let people = |people: &People| Number {
            text: pen.formats.count(people.count),
            link: pen.people(&people.people),
        };
        Row {
            name: pen.held(&group.kept),
            colour: if place == 0 { "" } else { chart::colour(place - 1) },
            entered: people(&group.entered),
            converted: people(&group.converted),
            windows: group.within.iter().map(|within| window(pen, within)).collect(),
            median: group
                .median
                .time
                .map_or_else(|| "–".to_owned(), |time| pen.formats.of(time, "day", "days")),
        }
    }
}

fn window(pen: Pen<'_>, within: &Within) -> Window {
    let Cell { rate, some, .. } = &within.over;
    let running = &within.running;
    Window {
        text: pen.share(*rate),
        title: pen.whole(*rate),
        link: pen.people(some),
        interval: pen.ends(*rate),
        is_small: rate.is_small(),
        running: Number {
            text: format!("({})", pen.formats.count(running.rate.some)),
            link: pen.people(&running.some),
        },
    }
}

/// The curves of some groups: steps, with everybody's interval where they are one.
fn curve(pen: Pen<'_>, question: &Conversion, groups: &[Group], is_split: bool) -> Lines {
    let along = Axis::of(0.0, f64::from(question.days), 6);
    let axis = Axis::of(0.0, height(groups, is_split), 4);
    let x = |day: u64| chart::tenth(WIDTH * day as f64 / along.high);
    let steps = |group: &Group, of: fn(&index::insight::stats::Row) -> f64| -> Vec<(f64, f64)> {
        let mut points = vec![(0.0, axis.y(0.0))];
        for point in &group.curve {
            let before = points.last().map_or(0.0, |(_, y)| *y);
            points.extend([
                (x(point.row.time), before),
                (x(point.row.time), axis.y(of(&point.row).min(axis.high))),
            ]);
        }
        points
    };
    let line = |(place, group): (usize, &Group)| {
        let name = pen.held(&group.kept);
        let events = group.curve.iter().filter(|point| point.row.events > 0);
        let point = |point: &index::insight::conversion::Point| Point {
            x: x(point.row.time),
            y: axis.y(point.row.converted),
            title: format!(
                "{name}, day {}: {} of {}; {} by then",
                point.row.time,
                pen.formats.count(point.row.events),
                pen.formats.count(point.row.at_risk),
                pen.percent(point.row.converted)
            ),
            link: pen.people(&point.events),
        };
        let points = events.map(point).collect();
        Line {
            name: name.clone(),
            colour: chart::colour(place),
            path: chart::line(&steps(group, |row| row.converted)),
            points,
        }
    };
    let band = match groups {
        [all] if !is_split => chart::area(
            // The last day may be known of so few that its interval leaves the drawing: the table has all of it.
            &steps(all, |row| row.converted_interval.high),
            &steps(all, |row| row.converted_interval.low),
        ),
        _ => String::new(),
    };
    Lines {
        marks: axis.marks().into_iter().map(|it| pen.mark(it)).collect(),
        grid: axis.grid(),
        labels: along.marks().into_iter().rev().map(|it| pen.tick(it)).collect(),
        band,
        lines: groups.iter().enumerate().map(line).collect(),
    }
}

/// The greatest share that has a place: that of the curves, and half as much again for the interval of a single one.
fn height(groups: &[Group], is_split: bool) -> f64 {
    let last = |group: &Group| {
        group.curve.last().map_or(0.0, |point| {
            let end = if is_split { point.row.converted } else { point.row.converted_interval.high };
            end.min(point.row.converted * 1.5)
        })
    };
    groups.iter().map(last).fold(0.0, f64::max).min(1.0)
}

fn days(pen: Pen<'_>, all: &Group) -> Vec<Day> {
    let number = |count: u64, filter: &filter::Expr| Number {
        text: pen.formats.count(count),
        link: pen.people(filter),
    };
    let day = |point: &index::insight::conversion::Point| Day {
        day: point.row.time,
        numbers: [
            number(point.row.at_risk, &point.at_risk),
            number(point.row.events, &point.events),
            number(point.row.censored, &point.censored),
        ],
        share: pen.percent(point.row.converted),
        interval: pen.between(point.row.converted_interval.low, point.row.converted_interval.high),
    };
    all.curve.iter().map(day).collect()
}

/// Every window and every day of the curve, one a line.
fn sheet(answer: &Answer) -> Sheet {
    let head = [
        "of",
        "value",
        "kind",
        "days",
        "converted",
        "of_people",
        "share",
        "low",
        "high",
        "running",
        "filter",
    ];
    let mut sheet = Sheet::new("conversion", &head);
    for group in &answer.groups {
        let own = words::group(&group.kept);
        for within in &group.within {
            let (rate, interval) = (within.over.rate, within.over.rate.interval());
            let line = [
                "within".to_owned(),
                within.days.to_string(),
                rate.some.to_string(),
                rate.all.to_string(),
                number(rate.share()),
                number(interval.map(|interval| interval.low)),
                number(interval.map(|interval| interval.high)),
                within.running.rate.some.to_string(),
                within.over.some.to_string(),
            ];
            sheet.push(own.iter().cloned().chain(line).collect());
        }
        for point in &group.curve {
            let (row, ends) = (&point.row, point.row.converted_interval);
            let line = [
                "curve".to_owned(),
                row.time.to_string(),
                row.events.to_string(),
                row.at_risk.to_string(),
                number(Some(row.converted)),
                number(Some(ends.low)),
                number(Some(ends.high)),
                row.censored.to_string(),
                point.events.to_string(),
            ];
            sheet.push(own.iter().cloned().chain(line).collect());
        }
    }
    sheet
}
