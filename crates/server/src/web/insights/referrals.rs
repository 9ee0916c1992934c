//! What came by each code: who carries it, how many he has brought, who of them pays and what, and what came by those in turn.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use filter::{Expr, Field};
use index::insight::{
    Kept,
    referrals::{Amount, Answer, Brought, Carriers, Code, Order, Referrals, Sum, Unlisted},
};
use jiff::civil::Date;

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
    api::insights::referrals::ReferralsIn,
    http::{App, Problem, problem::FieldError},
    model::Formats,
    store::View,
    web::{
        frame::Frame,
        page::{Page, value::Shown},
        session::SignedIn,
    },
};

/// Where the code is looked for that somebody came by, where nobody says: the first of these that people have.
const CODES: [&str; 7] =
    ["referred_by", "referral", "referrer", "invited_by", "ref", "invite_code", "affiliate"];

#[derive(Template)]
#[template(path = "insights/referrals.html")]
struct ReferralsPage {
    frame: Frame,
    head: Head,
    told: Option<Told>,
}

/// What is told of codes.
struct Told {
    /// Whether nobody came by a code.
    is_empty: bool,
    path: String,
    /// Where codes are carried, and whether that was found.
    carries: Option<(String, bool)>,
    by_paid: bool,
    sentence: Option<Sentence>,
    /// The number that is added up, and its currencies.
    sum: Option<String>,
    currencies: Vec<String>,
    has_chains: bool,
    rows: Vec<Row>,
    distinct: String,
    odd: Mark,
    without: Mark,
}

/// A sentence about the first code.
struct Sentence {
    who: Option<Carrier>,
    code: String,
    came: Mark,
    paid: Mark,
    share: String,
    sums: String,
    all: Mark,
    all_share: Mark,
}

/// A customer who carries a code.
struct Carrier {
    email: String,
    link: String,
}

/// A line of the table: a code, all others, or everybody.
struct Row {
    code: String,
    /// Whether it is one code by itself: bars compare these.
    is_one: bool,
    is_all: bool,
    who: Option<Carrier>,
    /// How many carry it, where that is not one customer.
    carriers: Option<Mark>,
    came: Bar,
    paid: Bar,
    share: Mark,
    /// What those who pay add up to, currency by currency.
    sums: Vec<Option<Mark>>,
    chain: Option<Chain>,
}

/// Those whom a code has brought in the end.
struct Chain {
    people: Mark,
    way: String,
}

/// `GET /insights/referrals`.
pub async fn show_referrals(
    State(app): State<App>,
    frame: Frame,
    address: Address,
) -> Result<Response, Problem> {
    let address = address.dated(frame.today());
    if let Some(place) = came(&address)? {
        return Ok(Redirect::to(&place).into_response());
    }
    let address = with_path(&app, &View::account(frame.member.account), address).await?;
    let (head, answered) = ask::<ReferralsIn>(&app, &frame, &address, controls).await?;
    let told = answered
        .map(|(_, insight)| Told::new(Pen::of(&frame, &address), &insight.answer.0, &insight.answer.1));
    Ok(Page(ReferralsPage { frame, head, told }).into_response())
}

/// `GET /insights/referrals.csv`.
pub async fn export_referrals(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    address: Address,
) -> Result<Response, Problem> {
    let view = View::account(member.account);
    let address = with_path(&app, &view, address).await?;
    let (_, insight) = answered::<ReferralsIn>(&app, &view, &address).await?;
    sheet(&insight.answer.1).answer()
}

fn controls(address: &Address, paths: &Paths) -> Vec<Control> {
    let ids = ["user_id".to_owned()];
    let orders = [("", "who pay"), ("sign_ups", "sign-ups")];
    vec![
        Control::text(address, "path", "Code they came by", code(paths)).offering(paths.labels()),
        Control::text(address, "carries", "Code they carry", "found by itself")
            .offering(paths.labels().chain(ids)),
        Control::number(address, paths, "sum", "params.mrr"),
        Control::choice(address, "order", "First by", &orders),
        Control::day(address, "from", "Came from"),
        Control::day(address, "to", "Came until"),
    ]
}

/// The path in which the code is looked for.
fn code(paths: &Paths) -> &'static str {
    let labels: Vec<String> = paths.labels().collect();
    CODES.into_iter().find(|name| labels.iter().any(|label| label == name)).unwrap_or(CODES[0])
}

/// The address with that path, where it names none.
async fn with_path(app: &App, view: &View, address: Address) -> Result<Address, Problem> {
    let paths = Paths::of(app, view, &address).await?;
    Ok(address.or("path", code(&paths)))
}

/// The page of those who came in a time, if the form asks for one: it is a part of the filter, in place of what that says of
/// `first_seen` so far.
fn came(address: &Address) -> Result<Option<String>, Problem> {
    let day = |name| {
        let text = address.get(name);
        let wrong = || FieldError::new(format!("/{name}"), format!("{text:?} is no day, as 2026-03-29"));
        let day = text.parse::<Date>().map_err(|_| Problem::fields(vec![wrong()]));
        if text.is_empty() { Ok(None) } else { day.map(Some) }
    };
    let period = match (day("from")?, day("to")?) {
        (None, None) => return Ok(None),
        // The wrong way round they mean the time between them.
        (Some(from), Some(to)) if from > to => format!("first_seen in {to} .. {from}"),
        (Some(from), Some(to)) => format!("first_seen in {from} .. {to}"),
        (Some(from), None) => format!("first_seen >= {from}"),
        (None, Some(to)) => format!("first_seen <= {to}"),
    };
    let filter = match filter::parse(address.get("filter")) {
        Ok(filter) => {
            let (_, others) = filter.own(&Field::FirstSeen);
            Expr::all(others).and(&filter::parse(&period)?).to_string()
        }
        // What is wrong with it is said first.
        Err(_) => address.get("filter").to_owned(),
    };
    Ok(Some(address.with(&[("from", ""), ("to", ""), ("filter", &filter)])))
}

impl Told {
    fn new(pen: Pen<'_>, question: &Referrals, answer: &Answer) -> Told {
        let most = answer.codes.iter().map(|code| code.brought.paid.all).max().unwrap_or(0);
        let table = Table { pen, question, answer, most, places: places(answer) };
        let codes = answer.codes.iter().map(|code| table.code(code));
        let other = answer.other.as_ref().map(|other| table.row("(other codes)".to_owned(), other));
        let all = Row { is_all: true, ..table.row("All codes".to_owned(), &answer.all) };
        let carries = answer.carries.as_ref();
        Told {
            is_empty: answer.all.paid.all == 0,
            path: question.path.label(),
            carries: carries.map(|carries| (carries.field.label(), carries.is_found)),
            by_paid: question.order == Order::Paid,
            sentence: answer.codes.first().map(|first| table.sentence(first)),
            sum: question.sum.as_ref().map(Field::label),
            currencies: answer.currencies.iter().map(|kept| table.currency(kept)).collect(),
            has_chains: carries.is_some(),
            rows: codes.chain(other).chain([all]).collect(),
            distinct: pen.formats.of(answer.distinct, "code", "codes"),
            odd: Mark::people(pen, &answer.odd),
            without: Mark::people(pen, &answer.without),
        }
    }
}

/// How many decimals sums have: none or two, for they are money.
fn places(answer: &Answer) -> i64 {
    let codes = answer.codes.iter().map(|code| &code.brought);
    let mut sums = codes.chain([&answer.all]).flat_map(|brought| &brought.sums);
    if sums.any(|amount| !amount.paid.sum.is_integer()) { 2 } else { 0 }
}

/// What the lines of the table are made of.
struct Table<'a> {
    pen: Pen<'a>,
    question: &'a Referrals,
    answer: &'a Answer,
    /// By the code that brought the most, so many came.
    most: u64,
    places: i64,
}

impl Table<'_> {
    fn code(&self, Code { code, brought, carriers, chain }: &Code) -> Row {
        let chain = chain.as_ref().map(|chain| Chain {
            people: self.came(&chain.brought),
            way: format!(
                "{} in {}",
                self.pen.formats.of(chain.codes, "code", "codes"),
                self.pen.formats.of(chain.depth, "step", "steps")
            ),
        });
        let carriers = carriers.as_ref();
        let who = carriers.and_then(carrier);
        let others = carriers.filter(|_| who.is_none());
        let carriers = others.map(|found| Mark::count(self.pen, found.count, found.people.as_ref()));
        Row {
            is_one: true,
            who,
            carriers,
            chain,
            ..self.row(Shown::datum(code, self.pen.formats).text, brought)
        }
    }

    fn row(&self, code: String, brought: &Brought) -> Row {
        let Brought { paid: rate, .. } = brought;
        let bar = |number: u64, colour, mark| Bar::new(number as f64, self.most as f64, colour, mark);
        let sum = |place: usize| {
            let amount = brought.sums.iter().find(|amount| amount.currency == place)?;
            Some(self.sum(&amount.paid, brought.unlisted))
        };
        Row {
            code,
            is_one: false,
            is_all: false,
            who: None,
            carriers: None,
            came: bar(rate.all, "violet", self.came(brought)),
            paid: bar(rate.some, "green", self.paid(brought)),
            share: Mark {
                text: self.pen.share(*rate),
                title: self.pen.whole(*rate),
                is_small: rate.is_small(),
                ..self.paid(brought)
            },
            sums: (0..self.answer.currencies.len()).map(sum).collect(),
            chain: None,
        }
    }

    /// What the numbers that are added up are in.
    fn currency(&self, kept: &Kept) -> String {
        self.question.sum.as_ref().map_or_else(String::new, |sum| self.pen.currency(kept, sum))
    }

    /// All who came.
    fn came(&self, brought: &Brought) -> Mark {
        let mark = Mark::count(self.pen, brought.paid.all, brought.people.as_ref());
        unlisted(mark, brought.unlisted)
    }

    /// Those of them who pay.
    fn paid(&self, brought: &Brought) -> Mark {
        let mark = Mark::count(self.pen, brought.paid.some, brought.paid_people.as_ref());
        unlisted(mark, brought.unlisted)
    }

    fn sum(&self, sum: &Sum, why: Option<Unlisted>) -> Mark {
        let mark = Mark::count(self.pen, sum.count, sum.people.as_ref());
        let title = format!("{}: {}", mark.title, self.pen.formats.whole(&sum.sum));
        unlisted(Mark { text: self.pen.written(&sum.sum, self.places), title, ..mark }, why)
    }

    fn sentence(&self, first: &Code) -> Sentence {
        let all = &self.answer.all;
        let amount = |amount: &Amount| {
            let name = self.currency(&self.answer.currencies[amount.currency]);
            format!("{} {name}", self.pen.written(&amount.paid.sum, self.places)).trim_end().to_owned()
        };
        let Row { code, who, came, paid, .. } = self.code(first);
        let named = |mark: Mark| Mark { text: mark.title.clone(), ..mark };
        let sums: Vec<String> = first.brought.sums.iter().map(amount).collect();
        Sentence {
            who,
            code,
            came: named(came.mark),
            paid: paid.mark,
            share: self.pen.share(first.brought.paid),
            sums: sums.join(" and "),
            all: named(self.came(all)),
            all_share: self.row(String::new(), all).share,
        }
    }
}

/// The same, where it has no link with the reason.
fn unlisted(mark: Mark, why: Option<Unlisted>) -> Mark {
    let why = match why {
        Some(Unlisted::Long) => "; no link: they came by more codes than a filter holds",
        Some(Unlisted::Full) => "; no link: the filters before it take all the room of the answer",
        None => "",
    };
    Mark { title: format!("{}{why}", mark.title), ..mark }
}

/// The customer who carries a code, where it is one.
fn carrier(carriers: &Carriers) -> Option<Carrier> {
    let customer = carriers.customer.as_ref()?;
    Some(Carrier { email: customer.email.clone(), link: format!("/customers/{}", customer.id) })
}

/// Every code, a line for each of its currencies; then all others, and everybody.
fn sheet(answer: &Answer) -> Sheet {
    let head = [
        "of",
        "code",
        "carried_by",
        "came",
        "paid",
        "share",
        "low",
        "high",
        "currency",
        "sum",
        "sum_of_paid",
        "chain_people",
        "chain_paid",
        "chain_codes",
        "chain_steps",
        "filter",
        "paid_filter",
    ];
    let mut sheet = Sheet::new("referrals", &head);
    for code in &answer.codes {
        let who = code.carriers.as_ref().and_then(carrier).map_or_else(String::new, |who| who.email);
        let chain = code.chain.as_ref().map(|chain| {
            let paid = chain.brought.paid;
            [paid.all, paid.some, chain.codes, chain.depth].map(|number| number.to_string())
        });
        let named = ["code".to_owned(), Shown::datum(&code.code, Formats::default()).text, who];
        lines(&mut sheet, answer, &named, &code.brought, &chain.unwrap_or_default());
    }
    let none = <[String; 4]>::default();
    let named = |of: &str| [of.to_owned(), String::new(), String::new()];
    if let Some(other) = &answer.other {
        lines(&mut sheet, answer, &named("other"), other, &none);
    }
    lines(&mut sheet, answer, &named("all"), &answer.all, &none);
    sheet
}

fn lines(sheet: &mut Sheet, answer: &Answer, named: &[String], brought: &Brought, chain: &[String]) {
    let (rate, interval) = (brought.paid, brought.paid.interval());
    let listed = |people: &Option<Expr>| people.as_ref().map_or_else(String::new, Expr::to_string);
    let counts = [
        rate.all.to_string(),
        rate.some.to_string(),
        number(rate.share()),
        number(interval.map(|interval| interval.low)),
        number(interval.map(|interval| interval.high)),
    ];
    let filters = [listed(&brought.people), listed(&brought.paid_people)];
    let mut push = |sums: [String; 3]| {
        let cells = [named, &counts, &sums, chain, &filters];
        sheet.push(cells.into_iter().flatten().cloned().collect());
    };
    if brought.sums.is_empty() {
        push(Default::default());
    }
    for amount in &brought.sums {
        let plain = |sum: &Sum| index::number::plain(&sum.sum);
        push([words::currency(&answer.currencies[amount.currency]), plain(&amount.all), plain(&amount.paid)]);
    }
}
