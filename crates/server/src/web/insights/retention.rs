//! Who stays: of those who began in a day, week or month, how many were there in each one after it.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use filter::calendar::{Unit, day_of};
use index::insight::{
    Cell, Kept, Rate,
    retention::{Answer, Cohort, Group, Period, Retained, Total},
    stats::{self, Difference, SMALL},
};

use super::{
    Head,
    address::Address,
    answered, ask,
    chart::{self, Axis, Line, Lines, Point},
    controls::{Control, Paths},
    mark::Mark,
    sheet::{Sheet, number},
    words::{self, Pen},
};
use crate::{
    api::insights::retention::RetentionIn,
    http::{App, Problem},
    store::{
        View,
        query::insight::{Insight, RetentionAsk},
    },
    web::{frame::Frame, page::Page, session::SignedIn},
};

/// The period that the sentence speaks of, where it is over.
const SPOKEN: usize = 4;

#[derive(Template)]
#[template(path = "insights/retention.html")]
struct RetentionPage {
    frame: Frame,
    head: Head,
    told: Option<Told>,
}

/// What is told of who stays.
struct Told {
    /// The finding, of one cohort and of all of them.
    sentence: Option<Sentence>,
    /// Whether nobody began in one of the cohorts.
    is_empty: bool,
    /// Who matches and began in none of them, and a longer time.
    outside: u64,
    longer: Option<String>,
    /// Who counts as retained, where that is a filter.
    retained: Option<String>,
    /// Whether that was not asked for.
    by_default: bool,
    unit: &'static str,
    began: String,
    /// The numbers of the periods.
    heads: Vec<usize>,
    /// Everybody's cohorts.
    cohorts: Vec<Row>,
    /// Everybody, all cohorts together.
    total: Row,
    /// The interval of each of these.
    intervals: Vec<String>,
    /// The values that are told apart, all cohorts together.
    groups: Vec<Row>,
    by: String,
    /// Which of the two values that most people have stays longer.
    compared: Option<Compared>,
    /// All cohorts together, a line for each value.
    curves: Lines,
}

/// A sentence about one cohort, and one about all of them.
struct Sentence {
    size: String,
    link: String,
    when: String,
    share: String,
    later: String,
    all: Option<String>,
}

/// Two values, the one that stays longer first.
struct Compared {
    names: [String; 2],
    marks: [Mark; 2],
    people: [String; 2],
    later: String,
    points: String,
    interval: String,
    /// Whether both stay alike.
    is_same: bool,
    /// Whether the difference is more than chance explains.
    is_sure: bool,
    /// Whether there are further values.
    is_of_many: bool,
    /// Whether one of them has too few people to be compared.
    is_few: bool,
}

/// A line of the table.
struct Row {
    label: String,
    size: String,
    link: String,
    is_small: bool,
    cells: Vec<Square>,
    colour: &'static str,
}

/// A cell of the table.
#[derive(Default)]
struct Square {
    text: String,
    title: String,
    link: String,
    shade: u8,
    /// `over`, `running`, `unknown`, or nothing where it has not begun.
    state: &'static str,
    is_small: bool,
}

/// `GET /insights/retention`.
pub async fn show_retention(
    State(app): State<App>,
    frame: Frame,
    address: Address,
) -> Result<Response, Problem> {
    let address = address.dated(frame.today());
    let (head, answered) = ask::<RetentionIn>(&app, &frame, &address, controls).await?;
    let told = answered.map(|(question, insight)| {
        let today = day_of(insight.now, &frame.account.zone);
        Told::new(Pen { today, ..Pen::of(&frame, &address) }, &question, &insight)
    });
    Ok(Page(RetentionPage { frame, head, told }).into_response())
}

/// `GET /insights/retention.csv`.
pub async fn export_retention(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    address: Address,
) -> Result<Response, Problem> {
    let (_, insight) = answered::<RetentionIn>(&app, &View::account(member.account), &address).await?;
    sheet(&insight.answer).answer()
}

fn controls(address: &Address, paths: &Paths) -> Vec<Control> {
    let periods =
        [("", "12"), ("4", "4"), ("8", "8"), ("26", "26"), ("52", "52")].map(|(value, label)| (value, label));
    vec![
        Control::choice(address, "unit", "Unit", &[("day", "days"), ("", "weeks"), ("month", "months")]),
        Control::text(address, "cohorts", "Who came in", "the last twelve of them"),
        Control::choice(address, "periods", "Followed for", &periods),
        Control::text(address, "retained", "Stayed means", "seen in the period"),
        Control::by(address, paths),
    ]
}

impl Told {
    fn new(pen: Pen<'_>, question: &RetentionAsk, insight: &Insight<Answer>) -> Told {
        let Answer { retained, groups, outside } = &insight.answer;
        let (all, values) = groups.split_first().expect("everybody is the first group");
        let unit = question.unit;
        let most = greatest(all);
        let row = |cohort: &Cohort| cohort_row(pen, unit, cohort, most);
        let retained = match retained {
            Retained::Seen => None,
            Retained::While(filter) => Some(filter.to_string()),
        };
        let intervals = all
            .totals
            .iter()
            .map(|total| total.cell.as_ref().map_or_else(String::new, |cell| pen.ends(cell.rate)));
        let is_empty = all.cohorts.iter().all(|cohort| cohort.size == 0);
        Told {
            sentence: sentence(pen, unit, all, retained.is_some()),
            longer: (is_empty && *outside > 0)
                .then(|| pen.address.with(&[("unit", "month"), ("cohorts", "last 24 months")])),
            is_empty,
            outside: *outside,
            by_default: question.retained.is_none(),
            retained,
            unit: unit.as_str(),
            began: question.began.to_string(),
            heads: (0..all.totals.len()).collect(),
            cohorts: all.cohorts.iter().rev().map(row).collect(),
            total: group_row(pen, all, most, 0),
            intervals: intervals.collect(),
            groups: values.iter().enumerate().map(|(n, group)| group_row(pen, group, most, n)).collect(),
            by: question.by.as_ref().map_or_else(String::new, |by| by.field.label()),
            compared: compared(pen, unit, values),
            curves: curves(pen, groups),
        }
    }
}

/// The greatest share of all cells that are over, which has the darkest shade. Period 0 is no staying, and often everybody.
fn greatest(all: &Group) -> f64 {
    let cells = all.cohorts.iter().flat_map(|cohort| cohort.periods.iter().skip(1));
    let shares =
        cells.filter(|period| period.is_over).filter_map(|period| period.cell.as_ref()?.rate.share());
    shares.fold(0.0, f64::max)
}

/// The newest cohort of which the period is over, and all of them.
fn sentence(pen: Pen<'_>, unit: Unit, all: &Group, is_filter: bool) -> Option<Sentence> {
    let of = |period: usize| {
        let over = |cohort: &&Cohort| {
            let found = cohort.periods.get(period);
            found.is_some_and(|found| {
                found.is_over && found.cell.as_ref().is_some_and(|cell| cell.rate.all > 0)
            })
        };
        all.cohorts.iter().rev().find(over).map(|cohort| (period, cohort))
    };
    let (period, cohort) = (1..=SPOKEN.min(all.totals.len().saturating_sub(1))).rev().find_map(of)?;
    let rate = cohort.periods[period].cell.as_ref()?.rate;
    let later = words::units(period, unit);
    let total = all.totals[period].cell.as_ref().map(|cell| cell.rate);
    let cohorts = all.totals[period].cohorts;
    let all = total.filter(|_| cohorts > 1).map(|rate| {
        let units = words::units(cohorts, unit);
        format!(
            "Of all {units} that are that old: {} of {}, {} (95% interval {}).",
            pen.formats.count(rate.some),
            pen.formats.of(rate.all, "person", "people"),
            pen.share(rate),
            pen.interval(rate)
        )
    });
    let verb = if is_filter { "counted as staying" } else { "were still there" };
    Some(Sentence {
        size: pen.formats.of(rate.all, "person", "people"),
        link: pen.people(&cohort.periods[period].cell.as_ref()?.all),
        when: pen.when(unit, cohort.first),
        share: pen.share(rate),
        later: format!("{verb} {later} later"),
        all,
    })
}

/// How the two values compare that most people have, in the latest period that is over of both; the latest in which both are
/// enough people, where there is one.
fn compared(pen: Pen<'_>, unit: Unit, groups: &[Group]) -> Option<Compared> {
    let mut named: Vec<&Group> = groups.iter().filter(|group| matches!(group.kept, Kept::Value(_))).collect();
    let size = |group: &&Group| group.cohorts.iter().map(|cohort| cohort.size).sum::<u64>();
    named.sort_by_key(|group| std::cmp::Reverse(size(group)));
    let [first, second, ..] = named[..] else { return None };
    let cell = |group: &Group, period: usize| {
        let cell = group.totals.get(period)?.cell.clone();
        cell.filter(|cell| cell.rate.all > 0)
    };
    let both = |period| Some((period, [(first, cell(first, period)?), (second, cell(second, period)?)]));
    let over = || (1..=SPOKEN).rev().filter_map(both);
    let is_few = |sides: &[(&Group, Cell); 2]| sides.iter().any(|(_, cell)| cell.rate.is_small());
    let (period, mut sides) = over().find(|(_, sides)| !is_few(sides)).or_else(|| over().next())?;
    let is_few = is_few(&sides);
    if stats::difference(sides[0].1.rate, sides[1].1.rate)?.value < 0.0 {
        sides.reverse();
    }
    let rates = sides.each_ref().map(|(_, cell)| cell.rate);
    let Difference { value, interval } = stats::difference(rates[0], rates[1])?;
    let p = stats::fisher(rates.map(|rate| [rate.some, rate.all - rate.some]));
    Some(Compared {
        names: sides.each_ref().map(|(group, _)| pen.held(&group.kept)),
        marks: sides.each_ref().map(|(_, cell)| Mark::share(pen, cell)),
        people: rates.map(|rate| pen.formats.of(rate.all, "person", "people")),
        later: words::units(period, unit),
        points: format!("{} points", pen.formats.decimal(&format!("{:.1}", value * 100.0))),
        interval: format!("{} to {}", pen.points(interval.low), pen.points(interval.high)),
        is_same: value == 0.0,
        is_sure: interval.low > 0.0 && p.is_some_and(|p| p <= words::CHANCE),
        is_of_many: named.len() > 2,
        is_few,
    })
}

fn cohort_row(pen: Pen<'_>, unit: Unit, cohort: &Cohort, most: f64) -> Row {
    let square = |period: &Period| match &period.cell {
        None => Square {
            text: "?".to_owned(),
            title: "Not known: this was before activity, or history, was recorded".to_owned(),
            state: "unknown",
            ..Square::default()
        },
        Some(cell) if period.is_over => over(pen, cell, most),
        Some(cell) => Square {
            text: format!("({})", pen.formats.count(cell.rate.some)),
            title: format!("Not over: {} so far", pen.counts(cell.rate)),
            link: pen.people(&cell.some),
            state: "running",
            ..Square::default()
        },
    };
    Row {
        label: pen.short(unit, cohort.first),
        size: pen.formats.count(cohort.size),
        link: pen.people(&cohort.people),
        is_small: Rate { some: 0, all: cohort.size }.is_small(),
        cells: cohort.periods.iter().map(square).collect(),
        colour: "",
    }
}

fn over(pen: Pen<'_>, cell: &Cell, most: f64) -> Square {
    let share = cell.rate.share().unwrap_or(0.0);
    Square {
        text: pen.share(cell.rate),
        title: pen.whole(cell.rate),
        link: pen.people(&cell.some),
        shade: words::shade(share, most),
        state: "over",
        is_small: cell.rate.is_small(),
    }
}

/// All cohorts together, of everybody or of those of a value.
fn group_row(pen: Pen<'_>, group: &Group, most: f64, place: usize) -> Row {
    let square = |total: &Total| match &total.cell {
        Some(cell) => over(pen, cell, most),
        None => Square {
            text: "–".to_owned(),
            title: "Not over of any yet".to_owned(),
            state: "unknown",
            ..Square::default()
        },
    };
    let size = group.cohorts.iter().map(|cohort| cohort.size).sum::<u64>();
    Row {
        label: pen.held(&group.kept),
        size: pen.formats.count(size),
        link: String::new(),
        is_small: Rate { some: 0, all: size }.is_small(),
        cells: group.totals.iter().map(square).collect(),
        colour: if group.kept == Kept::All { "" } else { chart::colour(place) },
    }
}

fn curves(pen: Pen<'_>, groups: &[Group]) -> Lines {
    let columns = groups.first().map_or(0, |all| all.totals.len());
    let shown = if groups.len() > 1 { &groups[1..] } else { groups };
    let rates = |group: &Group| -> Vec<(usize, Rate)> {
        let cells = group.totals.iter().enumerate();
        cells
            .filter_map(|(n, total)| Some((n, total.cell.as_ref()?.rate)))
            .filter(|(_, rate)| rate.all > 0)
            .collect()
    };
    let shares = shown.iter().flat_map(rates).filter_map(|(_, rate)| rate.share());
    let axis = Axis::of(0.0, shares.fold(0.0, f64::max), 4);
    let band = match shown {
        [all] => {
            let ends: Vec<_> =
                rates(all).into_iter().filter_map(|(n, rate)| Some((n, rate.interval()?))).collect();
            let along = |end: &dyn Fn(&stats::Interval) -> f64| -> Vec<(f64, f64)> {
                let at = |(n, interval): &(usize, _)| {
                    (chart::middle(*n, columns), axis.y(end(interval).min(axis.high)))
                };
                ends.iter().map(at).collect()
            };
            chart::area(&along(&|interval| interval.high), &along(&|interval| interval.low))
        }
        _ => String::new(),
    };
    let curve = |(place, group): (usize, &Group)| {
        let name = pen.held(&group.kept);
        let points: Vec<Point> = group
            .totals
            .iter()
            .enumerate()
            .filter_map(|(n, total)| {
                let cell = total.cell.as_ref()?;
                let y = axis.y(cell.rate.share()?);
                let title = format!("{name}, {n}: {}", pen.whole(cell.rate));
                Some(Point { x: chart::middle(n, columns), y, title, link: pen.people(&cell.some) })
            })
            .collect();
        Line::through(name, chart::colour(place), points)
    };
    Lines {
        marks: axis.marks().into_iter().map(|it| pen.mark(it)).collect(),
        grid: axis.grid(),
        labels: (0..columns).map(|n| n.to_string()).collect(),
        band,
        lines: shown.iter().enumerate().map(curve).collect(),
    }
}

/// Every cell, one a line.
fn sheet(answer: &Answer) -> Sheet {
    let head = [
        "of",
        "value",
        "cohort",
        "cohort_to",
        "size",
        "period",
        "from",
        "to",
        "state",
        "retained",
        "of_people",
        "rate",
        "low",
        "high",
        "filter",
    ];
    let mut sheet = Sheet::new("retention", &head);
    for group in &answer.groups {
        for cohort in &group.cohorts {
            for (n, period) in cohort.periods.iter().enumerate() {
                sheet.push(line(group, cohort, n, period));
            }
        }
    }
    sheet
}

fn line(group: &Group, cohort: &Cohort, n: usize, period: &Period) -> Vec<String> {
    let cell = period.cell.as_ref();
    let rate = cell.map(|cell| cell.rate);
    let over = rate.filter(|_| period.is_over);
    let interval = over.and_then(Rate::interval);
    let state = match (cell, period.is_over) {
        (None, _) => "unknown",
        (Some(_), true) => "over",
        (Some(_), false) => "running",
    };
    let [group, value] = words::group(&group.kept);
    vec![
        group,
        value,
        cohort.first.to_string(),
        cohort.last.to_string(),
        cohort.size.to_string(),
        n.to_string(),
        period.first.to_string(),
        period.last.to_string(),
        state.to_owned(),
        rate.map_or_else(String::new, |rate| rate.some.to_string()),
        rate.map_or_else(String::new, |rate| rate.all.to_string()),
        number(over.and_then(Rate::share)),
        number(interval.map(|interval| interval.low)),
        number(interval.map(|interval| interval.high)),
        cell.map_or_else(String::new, |cell| cell.some.to_string()),
    ]
}
