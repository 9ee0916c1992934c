//! What goes with staying, or with any outcome: for each value of each path, how often it is met with it and without.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use index::insight::{
    Rate,
    landmark::Outside,
    lift::{Answer, Held, LeftOut, Lift, Line, Why},
    stats::Difference,
};

use super::{
    Head,
    address::Address,
    answered, ask,
    chart::tenth,
    controls::{Control, Paths},
    follow::follow,
    mark::{Bar, Mark},
    sheet::{Sheet, number},
    words::{self, Pen},
};
use crate::{
    api::insights::lift::{LiftIn, NOT_WHY, STAYING},
    http::{App, Problem},
    model::Formats,
    store::View,
    web::{
        frame::Frame,
        page::{Page, value::Shown},
        session::SignedIn,
    },
};

/// The outcome, where none is named.
const OUTCOME: &str = "status = paid";
/// What is offered as one.
const OUTCOMES: [&str; 4] =
    [OUTCOME, "not status = churned", "last_activity in last 30 days", "first_paid exists"];
/// The landmark that is offered where staying itself may be why.
const LANDMARK: &str = "14";
/// The lines that a page has; the file has all of them.
const LINES: usize = 30;

#[derive(Template)]
#[template(path = "insights/lift.html")]
struct LiftPage {
    frame: Frame,
    head: Head,
    told: Option<Told>,
}

/// What is told of an outcome.
struct Told {
    /// Whether there is nobody of whom it could be told.
    is_empty: bool,
    outcome: String,
    /// Among everybody.
    all: Mark,
    sentence: Option<Sentence>,
    /// What the numbers do not say, and where staying itself may be why, the same question with a landmark.
    not_why: &'static str,
    staying: Option<(&'static str, String)>,
    /// The day of the landmark, who was there then, and who is not told of.
    landmark: Option<(u32, String)>,
    outside: Vec<(Mark, &'static str)>,
    rows: Vec<Row>,
    /// Those that come with the outcome or after it: they lead nothing.
    following: Vec<Row>,
    untested: Vec<Row>,
    /// How many lines only the file has.
    more: usize,
    tested: usize,
    left_out: Vec<(String, &'static str)>,
    /// Whether there are more paths with few values than were looked at.
    has_more_paths: bool,
    /// Whether only some fields were asked for.
    is_named: bool,
    everything: String,
}

/// A sentence about the line that stands out most.
struct Sentence {
    field: String,
    held: String,
    verb: &'static str,
    with: Mark,
    of: String,
    without: Mark,
    others: String,
    points: String,
    interval: String,
    /// Whether it is more than chance explains.
    is_sure: bool,
}

/// Those who hold a value, beside all others.
struct Row {
    field: String,
    /// The page of this field alone.
    alone: String,
    held: String,
    with: Side,
    without: Side,
    difference: Option<Whisker>,
    ratio: String,
    q: String,
    is_sure: bool,
}

/// One side of a line.
struct Side {
    bar: Bar,
    counts: String,
}

/// A difference and its interval, on an axis whose middle is 0.
struct Whisker {
    text: String,
    title: String,
    low: f64,
    at: f64,
    high: f64,
}

/// `GET /insights/lift`.
pub async fn show_lift(State(app): State<App>, frame: Frame, address: Address) -> Result<Response, Problem> {
    let address = address.dated(frame.today()).or("outcome", OUTCOME);
    let (head, answered) = ask::<LiftIn>(&app, &frame, &address, controls).await?;
    let told = match answered {
        Some((question, insight)) => {
            let (view, answer) = (View::account(frame.member.account), &insight.answer);
            let follows = follow(&app, &view, &address, &question, shown(answer)).await;
            Some(Told::new(Pen::of(&frame, &address), &question, answer, &follows))
        }
        None => None,
    };
    Ok(Page(LiftPage { frame, head, told }).into_response())
}

/// `GET /insights/lift.csv`.
pub async fn export_lift(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    address: Address,
) -> Result<Response, Problem> {
    let address = address.or("outcome", OUTCOME);
    let (_, insight) = answered::<LiftIn>(&app, &View::account(member.account), &address).await?;
    sheet(&insight.answer).answer()
}

fn controls(address: &Address, paths: &Paths) -> Vec<Control> {
    vec![
        Control::text(address, "outcome", "Outcome", OUTCOME).offering(OUTCOMES.map(str::to_owned)),
        Control::text(address, "fields", "What may go with it", "the widest paths").offering(paths.labels()),
        Control::text(address, "landmark", "Held on day", "now"),
        Control::text(address, "there", "Still there means", "not status = churned"),
    ]
}

impl Told {
    fn new(pen: Pen<'_>, question: &Lift, answer: &Answer, follows: &[bool]) -> Told {
        let Answer { all, outside, staying, tested, lines, untested, left_out, more } = answer;
        let shown = shown(answer);
        let shares = |line: &Line| [line.with.rate.share(), line.without.rate.share()];
        let most = shown.iter().chain(untested).flat_map(shares).flatten().fold(0.0, f64::max);
        let ends = shown.iter().filter_map(|line| line.difference).map(|difference| difference.interval);
        let reach = ends.fold(0.0, |most: f64, ends| most.max(ends.low.abs()).max(ends.high.abs()));
        let row = |line: &Line| Row::new(pen, line, most, reach);
        let landmark = question.landmark.as_ref();
        let of = |which: bool| {
            shown.iter().zip(follows).filter(move |(_, follows)| **follows == which).map(|(line, _)| line)
        };
        Told {
            is_empty: all.rate.all == 0 && outside.is_none(),
            outcome: question.outcome.to_string(),
            all: Mark::share(pen, all),
            sentence: of(false).next().and_then(|line| Sentence::new(pen, line)),
            not_why: NOT_WHY,
            staying: staying.then(|| (STAYING, pen.address.with(&[("landmark", LANDMARK)]))),
            landmark: landmark.map(|landmark| (landmark.days, landmark.there.to_string())),
            outside: outside.iter().flat_map(|outside| apart(pen, outside)).collect(),
            rows: of(false).map(row).collect(),
            following: of(true).map(row).collect(),
            untested: untested.iter().take(LINES).map(row).collect(),
            more: lines.len() - shown.len() + untested.len().saturating_sub(LINES),
            tested: *tested,
            left_out: left_out.iter().map(why).collect(),
            has_more_paths: *more,
            is_named: question.fields.is_some(),
            everything: pen.address.with(&[("fields", "")]),
        }
    }
}

/// The lines that the page has.
fn shown(answer: &Answer) -> &[Line] {
    &answer.lines[..answer.lines.len().min(LINES)]
}

/// Those of whom it is not told, and why.
fn apart(pen: Pen<'_>, outside: &Outside) -> Vec<(Mark, &'static str)> {
    let all = [
        (Some(&outside.early), "have not come to that day"),
        (outside.unknown.as_ref(), "came to it before history is kept"),
        (Some(&outside.away), "were not there any more"),
    ];
    let some = all.into_iter().filter_map(|(people, why)| Some((people?, why)));
    some.filter(|(people, _)| people.count > 0)
        .map(|(people, why)| (Mark::people(pen, people), why))
        .collect()
}

fn why(LeftOut { field, why }: &LeftOut) -> (String, &'static str) {
    let why = match why {
        Why::Outcome => "the outcome names it",
        Why::Values => "it has more values than are compared",
        Why::Text => "some of its texts are too long to be told",
    };
    (field.label(), why)
}

/// What somebody holds, as a line names it.
fn held(held: &Held, formats: Formats) -> String {
    match held {
        Held::Value(value) => format!("= {}", Shown::datum(value, formats).text),
        Held::Member(value) => format!("has {}", Shown::datum(value, formats).text),
        Held::Missing => "is missing".to_owned(),
    }
}

/// Whether a line is more than chance explains.
fn is_sure(line: &Line) -> bool {
    let is_clear = line
        .difference
        .is_some_and(|difference| difference.interval.low > 0.0 || difference.interval.high < 0.0);
    is_clear && line.test.is_some_and(|test| test.q <= words::CHANCE)
}

impl Sentence {
    fn new(pen: Pen<'_>, line: &Line) -> Option<Sentence> {
        let Difference { value, interval } = line.difference?;
        let (verb, direction) = if value < 0.0 { ("goes against", "less") } else { ("goes with", "more") };
        let people = |rate: Rate| pen.formats.of(rate.all, "person", "people");
        Some(Sentence {
            field: line.field.label(),
            held: held(&line.held, pen.formats),
            verb,
            with: Mark::share(pen, &line.with),
            of: people(line.with.rate),
            without: Mark::share(pen, &line.without),
            others: people(line.without.rate),
            points: pen.formats.decimal(&format!("{:.1} points {direction}", value.abs() * 100.0)),
            interval: format!("{} to {}", pen.points(interval.low), pen.points(interval.high)),
            is_sure: is_sure(line),
        })
    }
}

impl Row {
    fn new(pen: Pen<'_>, line: &Line, most: f64, reach: f64) -> Row {
        let side = |cell: &index::insight::Cell, colour| Side {
            counts: pen.counts(cell.rate),
            bar: Bar::new(cell.rate.share().unwrap_or(0.0), most, colour, Mark::share(pen, cell)),
        };
        Row {
            field: line.field.label(),
            alone: pen.address.with(&[("fields", &line.field.to_string())]),
            held: held(&line.held, pen.formats),
            with: side(&line.with, "violet"),
            without: side(&line.without, ""),
            difference: line.difference.map(|difference| Whisker::new(pen, difference, reach)),
            ratio: line
                .ratio
                .and_then(|ratio| ratio.value)
                .map_or_else(dash, |ratio| pen.formats.decimal(&format!("{ratio:.2}"))),
            q: line.test.map_or_else(dash, |test| pen.formats.decimal(&chance(test.q))),
            is_sure: is_sure(line),
        }
    }
}

fn dash() -> String {
    "–".to_owned()
}

/// A chance as people write it.
fn chance(q: f64) -> String {
    if q < 0.001 { "< 0.001".to_owned() } else { format!("{q:.3}") }
}

impl Whisker {
    fn new(pen: Pen<'_>, Difference { value, interval }: Difference, reach: f64) -> Whisker {
        let x = |number: f64| tenth(if reach > 0.0 { 100.0 + number / reach * 98.0 } else { 100.0 });
        let ends = format!("{} to {}", pen.points(interval.low), pen.points(interval.high));
        Whisker {
            text: pen.points(value),
            title: format!("{} points, 95% interval {ends}", pen.points(value)),
            low: x(interval.low),
            at: x(value),
            high: x(interval.high),
        }
    }
}

/// Every line, those that could not be tested last.
fn sheet(answer: &Answer) -> Sheet {
    let head = [
        "field",
        "held",
        "with",
        "of_with",
        "share_with",
        "without",
        "of_without",
        "share_without",
        "difference",
        "low",
        "high",
        "ratio",
        "p",
        "q",
        "filter",
        "others_filter",
    ];
    let mut sheet = Sheet::new("lift", &head);
    for line in answer.lines.iter().chain(&answer.untested) {
        let side = |rate: Rate| [rate.some.to_string(), rate.all.to_string(), number(rate.share())];
        let difference = line.difference.map(|found| [found.value, found.interval.low, found.interval.high]);
        let difference = difference.map_or([None; 3], |numbers| numbers.map(Some)).map(number);
        let test = line.test.map_or([None; 2], |test| [Some(test.p), Some(test.q)]);
        let named = [line.field.to_string(), held(&line.held, Formats::default())];
        let ratio = [number(line.ratio.and_then(|ratio| ratio.value))];
        let filters = [line.with.some.to_string(), line.without.some.to_string()];
        let cells = named.into_iter().chain(side(line.with.rate)).chain(side(line.without.rate));
        let chances = test.map(|chance| chance.map_or_else(String::new, |chance| chance.to_string()));
        sheet.push(cells.chain(difference).chain(ratio).chain(chances).chain(filters).collect());
    }
    sheet
}
