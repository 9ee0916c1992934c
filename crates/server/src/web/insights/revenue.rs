//! What moves revenue, or any number: what came and what left in each unit, from opening to closing, currency by currency.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use filter::calendar::{Unit, day_of};
use index::insight::movements::{Amount, Answer, Currency, Group, Step};

use super::{
    Head,
    address::Address,
    answered, ask,
    chart::{self, Axis, HEIGHT, Line, Lines, Point, WIDTH},
    controls::{Control, Paths},
    sheet::{Sheet, number},
    words::{self, Pen},
};
use crate::{
    api::insights::movements::MovementsIn,
    http::{App, Problem},
    store::{
        View,
        query::insight::{Insight, MovementsAsk},
    },
    web::{frame::Frame, page::Page, session::SignedIn},
};

/// Labels below a drawing that stay apart.
const LABELS: usize = 16;
/// How much of its column a bar takes.
const BAR: f64 = 0.62;

/// What a sum is made of in a unit, in the order of the table.
struct Piece {
    name: &'static str,
    /// 1 for what comes, -1 for what goes, 0 for what there is at an end.
    sign: i8,
    colour: &'static str,
    amount: fn(&Step) -> Option<&Amount>,
}

const PIECES: [Piece; 10] = [
    Piece { name: "Opening", sign: 0, colour: "", amount: |step| Some(&step.opening) },
    Piece { name: "New", sign: 1, colour: "violet", amount: |step| Some(&step.new) },
    Piece { name: "Expansion", sign: 1, colour: "blue", amount: |step| Some(&step.expansion) },
    Piece { name: "Reactivated", sign: 1, colour: "teal", amount: |step| Some(&step.reactivated) },
    Piece { name: "Entered", sign: 1, colour: "green", amount: |step| step.entered.as_ref() },
    Piece { name: "Imported", sign: 1, colour: "", amount: |step| step.imported.as_ref() },
    Piece { name: "Contraction", sign: -1, colour: "amber", amount: |step| Some(&step.contraction) },
    Piece { name: "Churned", sign: -1, colour: "red", amount: |step| Some(&step.churned) },
    Piece { name: "Left", sign: -1, colour: "orange", amount: |step| step.left.as_ref() },
    CLOSING,
];
const CLOSING: Piece = Piece { name: "Closing", sign: 0, colour: "", amount: |step| Some(&step.closing) };

#[derive(Template)]
#[template(path = "insights/revenue.html")]
struct RevenuePage {
    frame: Frame,
    head: Head,
    told: Option<Told>,
}

/// What is told of a number.
struct Told {
    /// The number, and while what it counts.
    path: String,
    holds: String,
    unit: &'static str,
    by: String,
    /// Of which there was something.
    moneys: Vec<Money>,
    /// Whether there was none.
    is_empty: bool,
}

/// The sums of one currency.
struct Money {
    /// Its name; empty where there are no currencies.
    name: String,
    sentences: Vec<String>,
    heads: Vec<Column>,
    rows: Vec<Row>,
    rates: Vec<(&'static str, Vec<String>)>,
    closing: Lines,
    bars: Bars,
    kept: Lines,
    /// The closing of the values that are told apart.
    groups: Vec<Row>,
    /// Of whom the number is none, or below 0, at the last end.
    odd: Option<(String, String)>,
}

/// The head of a unit's column.
struct Column {
    label: String,
    is_over: bool,
}

/// A line of the table.
struct Row {
    name: String,
    colour: &'static str,
    is_end: bool,
    cells: Vec<Sum>,
}

/// A cell of the table.
struct Sum {
    text: String,
    title: String,
    link: String,
}

/// What came as bars above a line, what went below it.
struct Bars {
    marks: Vec<String>,
    grid: Vec<f64>,
    zero: f64,
    labels: Vec<String>,
    bars: Vec<Bar>,
    /// What there are: names and colours.
    key: Vec<(&'static str, &'static str)>,
}

struct Bar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    colour: &'static str,
    title: String,
    link: String,
    is_over: bool,
}

/// `GET /insights/revenue`.
pub async fn show_revenue(
    State(app): State<App>,
    frame: Frame,
    address: Address,
) -> Result<Response, Problem> {
    let address = address.dated(frame.today());
    let (head, answered) = ask::<MovementsIn>(&app, &frame, &address, controls).await?;
    let told = answered.map(|(question, insight)| {
        let today = day_of(insight.now, &frame.account.zone);
        Told::new(Pen { today, ..Pen::of(&frame, &address) }, &question, &insight)
    });
    Ok(Page(RevenuePage { frame, head, told }).into_response())
}

/// `GET /insights/revenue.csv`.
pub async fn export_revenue(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    address: Address,
) -> Result<Response, Problem> {
    let (_, insight) = answered::<MovementsIn>(&app, &View::account(member.account), &address).await?;
    sheet(&insight.answer).answer()
}

fn controls(address: &Address, paths: &Paths) -> Vec<Control> {
    let units = [("day", "days"), ("week", "weeks"), ("", "months"), ("quarter", "quarters")];
    vec![
        Control::number(address, paths, "path", "params.mrr"),
        Control::text(address, "while", "Counts while", "status = paid"),
        Control::choice(address, "unit", "Unit", &units),
        Control::text(address, "period", "Period", "the last twelve of them"),
        Control::by(address, paths),
        Control::choice(address, "then", "Values", &[("", "as they are now"), ("true", "as they were")]),
    ]
}

impl Told {
    fn new(pen: Pen<'_>, question: &MovementsAsk, insight: &Insight<Answer>) -> Told {
        let has_any =
            |currency: &&Currency| currency.groups.iter().any(|group| group.steps.iter().any(moved));
        let shown = insight.answer.currencies.iter().filter(has_any);
        let moneys: Vec<_> = shown.map(|of| Money::new(pen, question, of)).collect();
        Told {
            path: question.path.to_string(),
            holds: question.holds.to_string(),
            unit: question.unit.as_str(),
            by: question.by.as_ref().map_or_else(String::new, |by| by.field.label()),
            is_empty: moneys.is_empty(),
            moneys,
        }
    }
}

/// Whether there was anything in a unit.
fn moved(step: &Step) -> bool {
    step.odd.count > 0
        || PIECES.iter().filter_map(|piece| (piece.amount)(step)).any(|amount| amount.people.count > 0)
}

impl Money {
    fn new(pen: Pen<'_>, question: &MovementsAsk, currency: &Currency) -> Money {
        let unit = question.unit;
        let (all, values) = currency.groups.split_first().expect("everybody is the first group");
        let steps = &all.steps;
        let places = places(currency);
        let name = pen.currency(&currency.kept, &question.path);
        let shown = PIECES.iter().filter(|piece| steps.iter().any(|step| (piece.amount)(step).is_some()));
        let row = |piece: &Piece| Row {
            name: piece.name.to_owned(),
            colour: piece.colour,
            is_end: piece.sign == 0,
            cells: cells(pen, steps, piece, places),
        };
        let odd = steps.last().map(|step| &step.odd).filter(|odd| odd.count > 0);
        let group = |(place, group): (usize, &Group)| Row {
            name: pen.held(&group.kept),
            colour: chart::colour(place),
            is_end: false,
            cells: cells(pen, &group.steps, &CLOSING, places),
        };
        Money {
            sentences: sentences(pen, unit, steps, &name, places),
            heads: steps
                .iter()
                .map(|step| Column { label: pen.short(unit, step.first), is_over: step.is_over })
                .collect(),
            rows: shown.map(row).collect(),
            rates: rates(pen, steps),
            closing: lines(pen, unit, currency, places),
            bars: Bars::new(pen, unit, steps, places),
            kept: kept(pen, unit, steps),
            groups: values.iter().enumerate().map(group).collect(),
            odd: odd.map(|odd| (pen.formats.count(odd.count), pen.people(&odd.people))),
            name,
        }
    }
}

/// How many decimals the sums of a currency have: none or two, for they are money.
fn places(currency: &Currency) -> i64 {
    let steps = currency.groups.iter().flat_map(|group| &group.steps);
    let mut sums = steps.flat_map(|step| PIECES.iter().filter_map(|piece| (piece.amount)(step)));
    if sums.any(|amount| !amount.sum.is_integer()) { 2 } else { 0 }
}

fn cells(pen: Pen<'_>, steps: &[Step], piece: &Piece, places: i64) -> Vec<Sum> {
    let cell = |step: &Step| match (piece.amount)(step) {
        None => Sum { text: String::new(), title: String::new(), link: String::new() },
        Some(amount) => {
            let is_none = amount.people.count == 0;
            let text = pen.written(&amount.sum, if is_none { 0 } else { places });
            let is_loss = piece.sign < 0 && !is_none;
            let people = pen.formats.of(amount.people.count, "person", "people");
            Sum {
                title: format!("{people}: {}", pen.formats.whole(&amount.sum)),
                text: if is_loss { format!("−{text}") } else { text },
                link: pen.people(&amount.people.people),
            }
        }
    };
    steps.iter().map(cell).collect()
}

/// What happened in the last unit that is over.
fn sentences(pen: Pen<'_>, unit: Unit, steps: &[Step], currency: &str, places: i64) -> Vec<String> {
    let Some(step) = steps.iter().rev().find(|step| step.is_over).or(steps.last()) else { return Vec::new() };
    let money = |amount: &Amount| {
        let sum = pen.written(&amount.sum, places);
        if currency.is_empty() { sum } else { format!("{sum} {currency}") }
    };
    let when = pen.when(unit, step.first);
    let when = format!("{}{}", when[..1].to_uppercase(), &when[1..]);
    let (opening, closing) = (money(&step.opening), money(&step.closing));
    let went = match step.closing.sum.cmp(&step.opening.sum) {
        std::cmp::Ordering::Greater => format!("grew from {opening} to {closing}"),
        std::cmp::Ordering::Less => format!("fell from {opening} to {closing}"),
        std::cmp::Ordering::Equal => format!("stayed at {closing}"),
    };
    let so_far = if step.is_over { "" } else { " so far" };
    let new = match step.new.people.count {
        0 => "nobody new came".to_owned(),
        count => {
            format!("{} brought {}", pen.formats.of(count, "new customer", "new customers"), money(&step.new))
        }
    };
    let churned = match step.churned.people.count {
        0 => "nobody churned".to_owned(),
        count => format!("{} churned and took {}", pen.formats.count(count), money(&step.churned)),
    };
    let first = format!("{when} it {went}{so_far}: {new}, {churned}.");
    let kept = step.rates.gross.zip(step.rates.net).map(|(gross, net)| {
        format!(
            "Of what there was at its beginning, {} was kept; with the growth of those who had it, {}.",
            pen.percent(gross),
            pen.percent(net)
        )
    });
    [Some(first), kept].into_iter().flatten().collect()
}

fn rates(pen: Pen<'_>, steps: &[Step]) -> Vec<(&'static str, Vec<String>)> {
    let dash = || "–".to_owned();
    let of = |rate: fn(&Step) -> Option<f64>| -> Vec<String> {
        steps.iter().map(|step| rate(step).map_or_else(dash, |it| pen.percent(it))).collect()
    };
    let churn = |step: &Step| step.rates.churn.and_then(|churn| churn.rate.share());
    let ends = |step: &Step| step.rates.churn.map_or_else(String::new, |churn| pen.ends(churn.rate));
    let quick =
        |step: &Step| step.rates.quick.map_or_else(dash, |quick| pen.formats.decimal(&format!("{quick:.2}")));
    vec![
        ("Net retention", of(|step| step.rates.net)),
        ("Gross retention", of(|step| step.rates.gross)),
        ("Churned people", of(churn)),
        ("95% interval, %", steps.iter().map(ends).collect()),
        ("Quick ratio", steps.iter().map(quick).collect()),
    ]
}

/// Below each column what it is, or of some of them where they are many.
fn labels(pen: Pen<'_>, unit: Unit, steps: &[Step]) -> Vec<String> {
    let every = chart::every(steps.len(), LABELS);
    let label = |(place, step): (usize, &Step)| {
        if place % every == 0 { pen.column(unit, step.first) } else { String::new() }
    };
    steps.iter().enumerate().map(label).collect()
}

/// What there was at the end of each unit: of everybody, or of each value.
fn lines(pen: Pen<'_>, unit: Unit, currency: &Currency, places: i64) -> Lines {
    let groups = if currency.groups.len() > 1 { &currency.groups[1..] } else { &currency.groups[..] };
    let sums = groups.iter().flat_map(|group| &group.steps).map(|step| words::float(&step.closing.sum));
    let axis = Axis::of(0.0, sums.fold(0.0, f64::max), 4);
    let line = |(place, group): (usize, &Group)| {
        let name = pen.held(&group.kept);
        let point = |(column, step): (usize, &Step)| {
            let people = pen.formats.of(step.closing.people.count, "person", "people");
            Point {
                x: chart::middle(column, group.steps.len()),
                y: axis.y(words::float(&step.closing.sum)),
                title: format!(
                    "{name}, {}: {people}, {}",
                    unit.label(step.first),
                    pen.written(&step.closing.sum, places)
                ),
                link: pen.people(&step.closing.people.people),
            }
        };
        let points = group.steps.iter().enumerate().map(point).collect();
        Line::through(name.clone(), chart::colour(place), points)
    };
    Lines {
        marks: axis.marks().into_iter().map(|it| pen.tick(it)).collect(),
        grid: axis.grid(),
        labels: currency.groups.first().map_or_else(Vec::new, |all| labels(pen, unit, &all.steps)),
        band: String::new(),
        lines: groups.iter().enumerate().map(line).collect(),
    }
}

/// What was kept of each opening, in the units that are over.
fn kept(pen: Pen<'_>, unit: Unit, steps: &[Step]) -> Lines {
    let over = || steps.iter().enumerate().filter(|(_, step)| step.is_over);
    let rates = over().flat_map(|(_, step)| [step.rates.net, step.rates.gross]).flatten();
    let axis = Axis::of(0.0, rates.fold(1.0, f64::max), 4);
    let line = |name: &str, colour, rate: fn(&Step) -> Option<f64>| {
        let point = |(column, step): (usize, &Step)| {
            let share = rate(step)?;
            let when = pen.short(unit, step.first);
            let title = format!("{name} retention, {when}: {}", pen.percent(share));
            Some(Point {
                x: chart::middle(column, steps.len()),
                y: axis.y(share),
                title,
                link: String::new(),
            })
        };
        Line::through(name.to_owned(), colour, over().filter_map(point).collect())
    };
    Lines {
        marks: axis.marks().into_iter().map(|it| pen.mark(it)).collect(),
        grid: axis.grid(),
        labels: labels(pen, unit, steps),
        band: String::new(),
        lines: vec![
            line("Net", "violet", |step| step.rates.net),
            line("Gross", "teal", |step| step.rates.gross),
        ],
    }
}

impl Bars {
    fn new(pen: Pen<'_>, unit: Unit, steps: &[Step], places: i64) -> Bars {
        let side = |step: &Step, sign: i8| -> f64 {
            let pieces = PIECES.iter().filter(|piece| piece.sign == sign);
            pieces.filter_map(|piece| (piece.amount)(step)).map(|amount| words::float(&amount.sum)).sum()
        };
        let most = steps.iter().map(|step| side(step, 1)).fold(0.0, f64::max);
        let least = -steps.iter().map(|step| side(step, -1)).fold(0.0, f64::max);
        let axis = Axis::of(least, most, 5);
        let mut bars = Vec::new();
        let mut key = Vec::new();
        for (column, step) in steps.iter().enumerate() {
            let mut ends = [0.0, 0.0];
            for piece in PIECES.iter().filter(|piece| piece.sign != 0) {
                let Some(amount) = (piece.amount)(step).filter(|amount| amount.people.count > 0) else {
                    continue;
                };
                let from = &mut ends[usize::from(piece.sign < 0)];
                let to = *from + f64::from(piece.sign) * words::float(&amount.sum);
                let (high, low) = (axis.y(from.max(to)), axis.y(from.min(to)));
                *from = to;
                let when = pen.short(unit, step.first);
                let people = pen.formats.of(amount.people.count, "person", "people");
                let width = WIDTH / steps.len() as f64;
                bars.push(Bar {
                    x: chart::tenth(chart::middle(column, steps.len()) - width * BAR / 2.0),
                    y: high,
                    width: chart::tenth(width * BAR),
                    height: chart::tenth(low - high).max(1.0),
                    colour: piece.colour,
                    title: format!("{}, {when}: {people}, {}", piece.name, pen.written(&amount.sum, places)),
                    link: pen.people(&amount.people.people),
                    is_over: step.is_over,
                });
                if !key.contains(&(piece.name, piece.colour)) {
                    key.push((piece.name, piece.colour));
                }
            }
        }
        Bars {
            marks: axis.marks().into_iter().map(|it| pen.tick(it)).collect(),
            grid: axis.grid(),
            zero: axis.y(0.0).min(HEIGHT),
            labels: labels(pen, unit, steps),
            bars,
            key,
        }
    }
}

/// Every piece of every unit, one a line.
fn sheet(answer: &Answer) -> Sheet {
    let head = [
        "currency",
        "of",
        "value",
        "from",
        "to",
        "over",
        "piece",
        "sum",
        "people",
        "net_retention",
        "gross_retention",
        "filter",
    ];
    let mut sheet = Sheet::new("revenue", &head);
    for currency in &answer.currencies {
        for group in &currency.groups {
            for step in &group.steps {
                for piece in &PIECES {
                    let amount = (piece.amount)(step);
                    amount
                        .into_iter()
                        .for_each(|amount| sheet.push(line(currency, group, step, piece, amount)));
                }
            }
        }
    }
    sheet
}

fn line(currency: &Currency, group: &Group, step: &Step, piece: &Piece, amount: &Amount) -> Vec<String> {
    let ([_, currency], [group, value]) = (words::group(&currency.kept), words::group(&group.kept));
    vec![
        currency,
        group,
        value,
        step.first.to_string(),
        step.last.to_string(),
        step.is_over.to_string(),
        piece.name.to_lowercase(),
        index::number::plain(&amount.sum),
        amount.people.count.to_string(),
        number(step.rates.net),
        number(step.rates.gross),
        amount.people.people.to_string(),
    ]
}
