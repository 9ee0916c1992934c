//! What projects have in common: for each two of them, how many customers of one are customers of the other too.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use index::insight::overlap::{Answer, Pair, Project};

use super::{
    Head,
    address::Address,
    answered, ask,
    controls::{Control, Paths},
    mark::{Bar, Mark},
    sheet::{Sheet, number},
    words::{self, Pen},
};
use crate::{
    api::insights::overlap::OverlapIn,
    http::{App, Problem},
    store::View,
    web::{frame::Frame, page::Page, session::SignedIn},
};

/// The projects that stand in the table: those with the most customers. The file has all of them.
const SHOWN: usize = 20;
/// The pairs that have a line of their own.
const PAIRS: usize = 20;

#[derive(Template)]
#[template(path = "insights/overlap.html")]
struct OverlapPage {
    frame: Frame,
    head: Head,
    told: Option<Told>,
}

/// What is told of projects.
struct Told {
    /// Whether there are no two projects with customers.
    is_empty: bool,
    sentence: Option<Sentence>,
    rows: Vec<Row>,
    pairs: Vec<Both>,
    /// How many projects and how many pairs only the file has.
    more: (usize, usize),
}

/// A sentence about the two projects that have the most in common.
struct Sentence {
    both: Mark,
    is_one: bool,
    names: [Name; 2],
    shares: [String; 2],
    paid: Mark,
}

/// A project as a page names it.
#[derive(Clone)]
struct Name {
    name: String,
    colour: String,
}

/// A project, and what the others have of its customers.
struct Row {
    name: Name,
    customers: Mark,
    squares: Vec<Square>,
}

/// A cell of the table; none where a project meets itself.
struct Square {
    share: Option<(Mark, String)>,
    shade: u8,
}

/// Two projects.
struct Both {
    names: [Name; 2],
    bar: Bar,
    shares: [Mark; 2],
    either: String,
    jaccard: String,
    paid: Mark,
}

/// `GET /insights/overlap`.
pub async fn show_overlap(
    State(app): State<App>,
    frame: Frame,
    address: Address,
) -> Result<Response, Problem> {
    let address = address.dated(frame.today()).wide(&frame);
    let (head, answered) = ask::<OverlapIn>(&app, &frame, &address, controls).await?;
    let told = answered.map(|(_, insight)| Told::new(&frame, Pen::of(&frame, &address), &insight.answer));
    Ok(Page(OverlapPage { frame, head, told }).into_response())
}

/// `GET /insights/overlap.csv`.
pub async fn export_overlap(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    address: Address,
) -> Result<Response, Problem> {
    let (_, insight) = answered::<OverlapIn>(&app, &View::account(member.account), &address).await?;
    sheet(&insight.answer).answer()
}

/// Nothing but the filter is asked for.
fn controls(_: &Address, _: &Paths) -> Vec<Control> {
    Vec::new()
}

impl Told {
    fn new(frame: &Frame, pen: Pen<'_>, answer: &Answer) -> Told {
        let Answer { projects, pairs } = answer;
        let names: Vec<Name> = projects.iter().map(|project| Name::of(frame, project)).collect();
        let has_any = |project: &&Project| project.customers.count > 0;
        let mut order: Vec<usize> = (0..projects.len()).filter(|at| has_any(&&projects[*at])).collect();
        order.sort_by_key(|at| std::cmp::Reverse(projects[*at].customers.count));
        let hidden = order.len().saturating_sub(SHOWN);
        let is_empty = order.len() < 2;
        order.truncate(SHOWN);
        let most = pairs.iter().flat_map(|pair| [pair.of_first.rate.share(), pair.of_second.rate.share()]);
        let most = most.flatten().fold(0.0, f64::max);
        let row = |at: &usize| Row {
            name: names[*at].clone(),
            customers: Mark::people(pen, &projects[*at].customers),
            squares: order.iter().map(|other| Square::new(pen, answer, (*at, *other), most)).collect(),
        };
        let mut common: Vec<&Pair> = pairs.iter().filter(|pair| pair.both() > 0).collect();
        common.sort_by_key(|pair| std::cmp::Reverse(pair.both()));
        let widest = common.first().map_or(0, |pair| pair.both());
        let both = |pair: &&Pair| Both::new(pen, &names, pair, widest);
        Told {
            is_empty,
            sentence: common.first().map(|pair| Sentence::new(pen, &names, pair)),
            rows: order.iter().map(row).collect(),
            pairs: common.iter().take(PAIRS).map(both).collect(),
            more: (hidden, common.len().saturating_sub(PAIRS)),
        }
    }
}

impl Name {
    fn of(frame: &Frame, project: &Project) -> Name {
        let known = frame.project(&project.slug);
        let name = known.map_or_else(|| project.slug.clone(), |known| known.name.clone());
        Name { name, colour: known.map_or_else(String::new, |known| known.colour.clone()) }
    }
}

impl Sentence {
    fn new(pen: Pen<'_>, names: &[Name], pair: &Pair) -> Sentence {
        let both = Mark::count(pen, pair.both(), Some(&pair.of_first.some));
        let text = both.title.clone();
        Sentence {
            both: Mark { text, ..both },
            is_one: pair.both() == 1,
            names: [names[pair.first].clone(), names[pair.second].clone()],
            shares: [&pair.of_first, &pair.of_second].map(|cell| pen.share(cell.rate)),
            paid: Mark::people(pen, &pair.paid),
        }
    }
}

impl Square {
    /// Those of a project who are customers of another too.
    fn new(pen: Pen<'_>, answer: &Answer, (of, other): (usize, usize), most: f64) -> Square {
        let meets = |pair: &&Pair| (pair.first, pair.second) == (of.min(other), of.max(other));
        let cell = answer.pairs.iter().find(meets);
        let cell = cell.map(|pair| if of < other { &pair.of_first } else { &pair.of_second });
        Square {
            shade: cell.and_then(|cell| cell.rate.share()).map_or(0, |share| words::shade(share, most)),
            share: cell.map(|cell| (Mark::share(pen, cell), pen.formats.count(cell.rate.some))),
        }
    }
}

impl Both {
    fn new(pen: Pen<'_>, names: &[Name], pair: &Pair, most: u64) -> Both {
        let both = Mark::count(pen, pair.both(), Some(&pair.of_first.some));
        Both {
            names: [names[pair.first].clone(), names[pair.second].clone()],
            bar: Bar::new(pair.both() as f64, most as f64, "violet", both),
            shares: [&pair.of_first, &pair.of_second].map(|cell| Mark::share(pen, cell)),
            either: pen.formats.count(pair.either),
            jaccard: pair.jaccard().map_or_else(String::new, |it| pen.percent(it)),
            paid: Mark::people(pen, &pair.paid),
        }
    }
}

/// Every project by itself, then every two of them.
fn sheet(answer: &Answer) -> Sheet {
    let head = [
        "first",
        "second",
        "customers",
        "paid",
        "of_first",
        "share_of_first",
        "of_second",
        "share_of_second",
        "either",
        "jaccard",
        "filter",
        "paid_filter",
    ];
    let mut sheet = Sheet::new("overlap", &head);
    for project in &answer.projects {
        let Project { slug, customers, paid } = project;
        let counts = [customers.count.to_string(), paid.count.to_string()];
        let filters = [customers.people.to_string(), paid.people.to_string()];
        let none = std::iter::repeat_n(String::new(), 6);
        let cells = [slug.clone(), String::new()].into_iter().chain(counts).chain(none);
        sheet.push(cells.chain(filters).collect());
    }
    for pair in &answer.pairs {
        let side = |cell: &index::insight::Cell| [cell.rate.all.to_string(), number(cell.rate.share())];
        let slugs = [pair.first, pair.second].map(|place| answer.projects[place].slug.clone());
        let counts = [pair.both().to_string(), pair.paid.count.to_string()];
        let either = [pair.either.to_string(), number(pair.jaccard())];
        let filters = [pair.of_first.some.to_string(), pair.paid.people.to_string()];
        let parts = [slugs, counts, side(&pair.of_first), side(&pair.of_second), either, filters];
        sheet.push(parts.into_iter().flatten().collect());
    }
    sheet
}
