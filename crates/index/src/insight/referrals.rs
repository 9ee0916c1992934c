//! Referrals: what came by each code, who carries it, and what his chain has brought.
//!
//! A relationship *came by* the string, number or boolean that stands at a path; it *carries* the code at another. The filter
//! says who is counted. Who carries what, and so how chains run, is asked of all relationships of the projects: who is left
//! out himself may still have brought others.
//!
//! The chain of a code are all who came by it, all who came by a code that one of those carries, and so on. A relationship came
//! by one code, so nobody is counted twice, and whoever stands in a circle, or came by his own code, ends it.

mod listing;

use bigdecimal::BigDecimal;
use filter::{CONDITIONS_MAX, Expr, Field, expr::Node, value::Kind};
use uuid::Uuid;

use self::listing::Room;
use super::{
    By, Error, Ground, Kept, People, Place, Rate, Slice, Source, cell::Figure, movements::CURRENCIES_MAX,
    people,
};
use crate::{Datum, Grouping};

/// The most codes that are told one by one.
pub const CODES_MAX: usize = 1_000;
/// Where nobody says in which path codes are carried, it is found by so many of the first, however many are told.
pub const LOOKED_FOR: usize = 100;

/// What came by codes.
#[derive(Clone, Debug)]
pub struct Referrals {
    /// The path of the code that somebody came by.
    pub path: Field,
    /// The path of the numbers that are added up, if any are.
    pub sum: Option<Field>,
    /// The path of the currencies.
    pub currency: Option<Field>,
    /// Where people carry codes of their own. Without it, it is found: of the paths that hold texts, and the user_id, the one in
    /// which the most of the first [`LOOKED_FOR`] codes are held by one customer each, however many are told.
    pub carries: Option<Field>,
    /// Which codes come first.
    pub order: Order,
    /// So many codes are told one by one.
    pub limit: usize,
}

/// Which codes come first; of equal ones those that do in the order of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Those by which most came who pay, of equal ones those with the most sign-ups.
    #[default]
    Paid,
    /// Those with the most sign-ups.
    SignUps,
}

impl Order {
    /// What puts a code by which so many came, and so many who pay, in its place: the greatest first.
    pub(crate) fn key(self, people: u64, paid: u64) -> (u64, u64) {
        match self {
            Order::Paid => (paid, people),
            Order::SignUps => (people, 0),
        }
    }
}

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Where codes are carried; `None` where that was not found.
    pub carries: Option<Carries>,
    /// Which currencies there are; [`Kept::All`] alone where no path says.
    pub currencies: Vec<Kept>,
    /// How many codes somebody of those came by.
    pub distinct: u64,
    /// All who came by a code.
    pub all: Brought,
    /// In the order that was asked for.
    pub codes: Vec<Code>,
    /// All who came by another code.
    pub other: Option<Brought>,
    /// Those who have something there that is no code: null, an array or an object.
    pub odd: People,
    /// Those who have nothing there.
    pub without: People,
}

/// Where codes are carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carries {
    /// The field.
    pub field: Field,
    /// Whether it was found rather than named.
    pub is_found: bool,
}

/// A code.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// The code: a string, a number or a boolean.
    pub code: Datum,
    /// Those who came by it.
    pub brought: Brought,
    /// Who carries it; `None` where nobody knows where codes are carried.
    pub carriers: Option<Carriers>,
    /// Those who came by it and what follows from them; `None` likewise.
    pub chain: Option<Chain>,
}

/// People who came by codes.
#[derive(Clone, Debug, PartialEq)]
pub struct Brought {
    /// How many pay, of how many.
    pub paid: Rate,
    /// Who pays; `None` where no filter holds all codes.
    pub paid_people: Option<Expr>,
    /// Who they are.
    pub people: Option<Expr>,
    /// Currency by currency; those in which nobody of them has a number are left out.
    pub sums: Vec<Amount>,
    /// Why no filter lists them.
    pub unlisted: Option<Unlisted>,
}

/// Why no filter lists some people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlisted {
    /// There are more codes than a filter holds.
    Long,
    /// The filters before it have taken all the room of the answer.
    Full,
}

/// Numbers of one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    /// The place of the currency.
    pub currency: usize,
    /// Of all.
    pub all: Sum,
    /// Of those who pay.
    pub paid: Sum,
}

/// What the numbers of some people add up to.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// How many have a number.
    pub count: u64,
    /// Who they are.
    pub people: Option<Expr>,
    /// The exact sum.
    pub sum: BigDecimal,
}

/// Who carries a code.
#[derive(Clone, Debug, PartialEq)]
pub struct Carriers {
    /// How many relationships.
    pub count: u64,
    /// The filter that lists them; `None` where none can ask for such a code in that field, so that nobody carries it.
    pub people: Option<Expr>,
    /// The customer, where it is one.
    pub customer: Option<Carrier>,
}

/// A customer who carries a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// The id.
    pub id: Uuid,
    /// The e-mail.
    pub email: String,
}

/// Those whom a code has brought in the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// By how many codes somebody of them came.
    pub codes: u64,
    /// How many steps the longest way has: 1 is of those who came by the code itself.
    pub depth: u64,
    /// Those people.
    pub brought: Brought,
}

/// Some people of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// All who came by a code.
    All,
    /// Those who came by this one.
    Code(usize),
    /// Those of its chain.
    Chain(usize),
    /// Those who came by another.
    Other,
    /// Those who have something else there.
    Odd,
    /// Those who have nothing there.
    Without,
}

/// Some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) of: Of,
    /// Those who pay.
    pub(crate) paid: bool,
    /// Those who have a number in this currency.
    pub(crate) currency: Option<usize>,
}

/// The codes of a chain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// By which somebody of those who are told of came, in order; of more than a filter holds, some.
    pub(crate) codes: Vec<Datum>,
    /// How many there are.
    pub(crate) count: u64,
    pub(crate) depth: u64,
}

/// What there is at each place.
pub(crate) trait Book {
    /// How many people there are at a place, which a filter lists where there is one.
    fn figure(&self, spot: Spot, people: Option<&Expr>) -> Figure;
    /// How many carry a code, and which customer where it is one.
    fn carriers(&self, code: usize, people: &Expr) -> (u64, Option<Carrier>);
    /// The chain of a code.
    fn links(&self, code: usize) -> Links;
    /// Whether the time is over, so that all the rest is in vain.
    fn is_late(&self) -> bool {
        false
    }
}

/// The codes that are told one by one, before anything else is known of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listed {
    pub(crate) codes: Vec<Datum>,
    /// Those by which it is looked for who carries codes.
    looked_for: Vec<Datum>,
    /// How many there are, those that are not listed too.
    pub(crate) distinct: u64,
}

impl Listed {
    /// So many of the codes in their order, of which the first [`LOOKED_FOR`] are given at least, where there are as many.
    pub(crate) fn of(mut codes: Vec<Datum>, limit: usize, distinct: u64) -> Listed {
        let looked_for = codes.iter().take(LOOKED_FOR).cloned().collect();
        codes.truncate(limit);
        Listed { codes, looked_for, distinct }
    }
}

/// The table before it is counted.
pub(crate) struct Plan<'q> {
    pub(crate) question: &'q Referrals,
    pub(crate) listed: Listed,
    pub(crate) currencies: Vec<Slice>,
    pub(crate) carries: Option<Carries>,
}

impl Brought {
    /// The filters that list them.
    fn filters(&self) -> impl Iterator<Item = &Expr> {
        let sums = self.sums.iter().flat_map(|amount| [&amount.all.people, &amount.paid.people]);
        [&self.people, &self.paid_people].into_iter().chain(sums).flatten()
    }
}

impl Referrals {
    /// Those who came by a code.
    pub(crate) fn referred(&self, ground: &Ground<'_>) -> Expr {
        ground.all(people::scalar(&self.path))
    }

    /// The table's places, of these codes.
    pub(crate) fn plan<'q>(
        &'q self,
        ground: &Ground<'q>,
        source: &impl Source,
        listed: Listed,
    ) -> Result<Plan<'q>, Error> {
        let carries = match &self.carries {
            Some(field) => Some(Carries { field: field.clone(), is_found: false }),
            None => self.found(source, &listed),
        };
        let currencies = self.currencies(ground, source)?;
        let plan = Plan { question: self, listed, currencies, carries };
        plan.check(ground)?;
        Ok(plan)
    }

    /// Where codes are carried, as it seems.
    fn found(&self, source: &impl Source, listed: &Listed) -> Option<Carries> {
        let texts = listed.looked_for.iter().filter_map(|code| match code {
            Datum::String(text) => Some(text.as_str()),
            _ => None,
        });
        let texts: Vec<&str> = texts.collect();
        let mut held = source.own(&texts);
        held.retain(|(field, codes)| *codes > 0 && *field != self.path);
        held.sort_by(|(a, most), (b, others)| others.cmp(most).then_with(|| a.cmp(b)));
        held.into_iter().next().map(|(field, _)| Carries { field, is_found: true })
    }

    fn currencies(&self, ground: &Ground<'_>, source: &impl Source) -> Result<Vec<Slice>, Error> {
        let (Some(sum), Some(field)) = (&self.sum, &self.currency) else { return Ok(Slice::all(None)) };
        let numbers = people::scalar(&self.path).into_iter().chain([people::kind(sum, Kind::Number)]);
        let numbers = ground.checked(Place::Path, &ground.all(numbers))?;
        let by = By { field: field.clone(), limit: CURRENCIES_MAX };
        let groups = source.groups(&numbers, &Grouping::Value(field.clone()), by.limit);
        if groups.other.is_some() {
            return Err(Error::TooManyCurrencies);
        }
        // All of them together are no sum.
        Ok(Slice::all(Some((&by, groups))).split_off(1))
    }
}

impl Plan<'_> {
    /// Refuses what the longest of the filters of single codes has no room for.
    fn check(&self, ground: &Ground<'_>) -> Result<(), Error> {
        let length = |code: &Datum| people::is(&self.question.path, code).value.to_string().len();
        let longest = (0..self.listed.codes.len()).max_by_key(|place| length(&self.listed.codes[*place]));
        let of = longest.map_or(Of::All, Of::Code);
        let slices = self.currencies.iter().enumerate();
        let currency = slices.max_by_key(|(_, slice)| slice.length()).map(|(place, _)| place);
        let longest = self.filter(ground, Spot { of, paid: true, currency }, &[]);
        let all = self.filter(ground, Spot { of: Of::All, paid: true, currency }, &[]);
        let odd = self.filter(ground, Spot { of: Of::Odd, paid: false, currency: None }, &[]);
        [longest, all, odd].iter().try_for_each(|people| ground.lists(people).map(|_| ()))
    }

    /// How many bytes the filters take at most, besides those of chains and of all other codes.
    fn bytes(&self, ground: &Ground<'_>) -> usize {
        let currencies: Vec<_> = [None].into_iter().chain((0..self.summed()).map(Some)).collect();
        let length = |spot| self.filter(ground, spot, &[]).to_string().len();
        let spot = |of| move |(paid, currency)| Spot { of, paid, currency };
        let spots =
            || [false, true].into_iter().flat_map(|paid| currencies.iter().map(move |own| (paid, *own)));
        let told = |of| spots().map(spot(of)).map(length).sum::<usize>();
        let said = |field: &Field, code| people::is(field, code).value.to_string().len();
        let carried = |code| self.carries.as_ref().map_or(0, |carries| said(&carries.field, code));
        // But for the code itself all of them say the same.
        let code = |code| spots().count() * said(&self.question.path, code) + carried(code);
        let each = match self.listed.codes.first() {
            Some(first) => told(Of::Code(0)) - spots().count() * said(&self.question.path, first),
            None => 0,
        };
        let codes: usize = self.listed.codes.iter().map(|own| each + code(own)).sum();
        let rest = [Of::Odd, Of::Without].map(|of| length(spot(of)((false, None))));
        codes + told(Of::All) + rest.iter().sum::<usize>()
    }

    /// How many currencies are added up.
    fn summed(&self) -> usize {
        self.question.sum.as_ref().map_or(0, |_| self.currencies.len())
    }

    /// The filter of a place; a chain is of these codes.
    pub(crate) fn filter(&self, ground: &Ground<'_>, spot: Spot, codes: &[Datum]) -> Expr {
        let Referrals { path, sum, .. } = self.question;
        let mut nodes: Vec<Node> = match spot.of {
            Of::All => people::scalar(path).into_iter().collect(),
            Of::Code(place) => vec![people::is(path, &self.listed.codes[place])],
            Of::Chain(_) => vec![people::one_of(path, codes)],
            Of::Other => {
                let listed = people::not(people::one_of(path, &self.listed.codes));
                people::scalar(path).into_iter().chain([listed]).collect()
            }
            Of::Odd => {
                let scalar = people::scalar(path).map(people::not);
                [people::exists(path)].into_iter().chain(scalar).collect()
            }
            Of::Without => vec![people::not(people::exists(path))],
        };
        nodes.extend(people::paying().root.filter(|_| spot.paid));
        if let Some(currency) = spot.currency {
            nodes.extend(self.currencies[currency].node.clone());
            nodes.extend(sum.as_ref().map(|sum| people::kind(sum, Kind::Number)));
        }
        ground.all(nodes)
    }

    /// The answer, with what there is at each place. Refuses one whose filters have no room, chains and other codes aside.
    pub(crate) fn answer(&self, ground: &Ground<'_>, book: &impl Book) -> Result<Answer, Error> {
        let mut room = Room::new(ground);
        let people = |of| {
            let spot = Spot { of, paid: false, currency: None };
            let people = self.filter(ground, spot, &[]);
            People { count: book.figure(spot, Some(&people)).people, people }
        };
        let (odd, without) = (people(Of::Odd), people(Of::Without));
        let all = self.brought(ground, book, Of::All);
        let fits = room.claim([&odd.people, &without.people].into_iter().chain(all.filters()));
        let listed = self.listed.codes.len();
        let code = |place: usize| {
            let (code, brought) =
                (self.listed.codes[place].clone(), self.brought(ground, book, Of::Code(place)));
            let carriers = self.carriers(ground, book, place);
            let carried = carriers.as_ref().and_then(|carriers| carriers.people.as_ref());
            room.claim(brought.filters().chain(carried)).then_some(Code {
                code,
                brought,
                carriers,
                chain: None,
            })
        };
        let codes: Option<Vec<Code>> = (0..listed).map(code).collect();
        let mut codes = codes.filter(|_| fits).ok_or_else(|| Error::TooLarge(self.bytes(ground)))?;
        let is_more = self.listed.distinct > listed as u64;
        let other = is_more.then(|| self.listing(ground, book, &mut room, Of::Other, &self.listed.codes));
        for (place, code) in codes.iter_mut().enumerate().filter(|_| self.carries.is_some()) {
            code.chain = Some(self.chain(ground, book, &mut room, place));
        }
        Ok(Answer {
            codes,
            carries: self.carries.clone(),
            currencies: self.currencies.iter().map(|slice| slice.kept.clone()).collect(),
            distinct: self.listed.distinct,
            all,
            other,
            odd,
            without,
        })
    }

    fn carriers(&self, ground: &Ground<'_>, book: &impl Book, place: usize) -> Option<Carriers> {
        let Carries { field, .. } = self.carries.as_ref()?;
        let people = Expr::new(Some(people::is(field, &self.listed.codes[place])));
        let people = ground.checked(Place::Filter, &people).is_ok().then_some(people);
        let carriers = people.as_ref().map(|people| book.carriers(place, people));
        let (count, customer) = carriers.unwrap_or_default();
        Some(Carriers { count, people, customer })
    }

    fn chain(&self, ground: &Ground<'_>, book: &impl Book, room: &mut Room<'_>, place: usize) -> Chain {
        let links = book.links(place);
        let is_whole = links.codes.len() as u64 == links.count && links.codes.len() <= CONDITIONS_MAX;
        let brought = match is_whole {
            true if book.is_late() || !room.may_hold(&links.codes) => {
                self.figures(book, Of::Chain(place), Err(Unlisted::Full))
            }
            true => self.listing(ground, book, room, Of::Chain(place), &links.codes),
            false => self.figures(book, Of::Chain(place), Err(Unlisted::Long)),
        };
        Chain { codes: links.count, depth: links.depth, brought }
    }

    /// What there is of some people, with the filters that list them, whether or not there is room for them.
    fn brought(&self, ground: &Ground<'_>, book: &impl Book, of: Of) -> Brought {
        self.figures(book, of, Ok(&|spot| self.filter(ground, spot, &[])))
    }

    /// The same of people who came by one of many codes: with all filters that list them, or with none.
    fn listing(
        &self,
        ground: &Ground<'_>,
        book: &impl Book,
        room: &mut Room<'_>,
        of: Of,
        codes: &[Datum],
    ) -> Brought {
        let filter = |spot| self.filter(ground, spot, codes);
        let brought = self.figures(book, of, Ok(&filter));
        match room.take(&brought) {
            Ok(()) => brought,
            Err(why) => self.figures(book, of, Err(why)),
        }
    }

    fn figures(&self, book: &impl Book, of: Of, filter: Result<&dyn Fn(Spot) -> Expr, Unlisted>) -> Brought {
        let at = |paid, currency| {
            let spot = Spot { of, paid, currency };
            let people = filter.ok().map(|filter| filter(spot));
            (book.figure(spot, people.as_ref()), people)
        };
        let sum = |paid, currency| {
            let (Figure { people: count, sum }, people) = at(paid, Some(currency));
            Sum { count, people, sum }
        };
        let amount = |currency| {
            let all = sum(false, currency);
            let is_told = all.count > 0 || self.currencies[currency].kept == Kept::All;
            is_told.then(|| Amount { currency, paid: sum(true, currency), all })
        };
        let ((all, people), (some, paid_people)) = (at(false, None), at(true, None));
        Brought {
            paid: Rate { some: some.people, all: all.people },
            paid_people,
            people,
            sums: (0..self.summed()).filter_map(amount).collect(),
            unlisted: filter.err(),
        }
    }
}
