//! Random filters that pass `check` against the table's projects and a catalogue with the segments named here.

use filter::calendar::Unit;
use filter::expr::{
    Clause, Comparison, Condition, DateLiteral, Direction, Elapsed, Literal, Node, Origin, Own, Period,
    Place, Side, Start, Step, Test, Turn, When,
};
use filter::value::{Instant, Kind};
use filter::{Expr, Field, Path, Spanned, Status};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::table::PROJECTS;
use super::{Dice, KEYS, NUMBERS, near};

/// The segments that filters may name.
pub(super) const SEGMENTS: [&str; 3] = ["pros", "power users", "nobody"];

/// The time fields.
const TIMES: [Field; 5] =
    [Field::StatusSince, Field::FirstPaid, Field::FirstSeen, Field::LastActivity, Field::Imported];

/// A random filter about the present.
#[allow(dead_code, reason = "the file is shared with tests that ask about any time")]
pub(crate) fn expr(dice: &mut Dice, now: Timestamp, zone: &TimeZone) -> Expr {
    written(dice, now, zone, false)
}

/// A random filter that may ask about the past.
#[allow(dead_code, reason = "the file is shared with tests of what holds the present only")]
pub(crate) fn expr_of_any_time(dice: &mut Dice, now: Timestamp, zone: &TimeZone) -> Expr {
    let past = dice.chance(40);
    written(dice, now, zone, past)
}

fn written(dice: &mut Dice, now: Timestamp, zone: &TimeZone, past: bool) -> Expr {
    let depth = *dice.pick(&[0, 0, 0, 1, 1, 2, 3]);
    let mut writer = Writer { dice, now, zone, past, is_inside: false, is_first: false };
    Expr::new(Some(writer.node(depth)))
}

struct Writer<'d> {
    dice: &'d mut Dice,
    now: Timestamp,
    zone: &'d TimeZone,
    /// Whether it may ask about the past.
    past: bool,
    /// Whether `was` or `first` stands around, which cannot stand inside of one another.
    is_inside: bool,
    /// Whether `first` does, of which no search is asked.
    is_first: bool,
}

impl Writer<'_> {
    fn node(&mut self, depth: usize) -> Node {
        let leaves = 12;
        let clause = match self.dice.below(if depth == 0 { leaves } else { leaves + 16 }) {
            0 if !self.is_first => Clause::Search(self.needle()),
            1 if self.dice.chance(50) => Clause::InSegment((*self.dice.pick(&SEGMENTS)).to_owned().into()),
            2..6 if self.past && self.dice.chance(50) => return self.past(depth),
            0..12 => return self.condition().into(),
            12..17 => Clause::And(self.nodes(depth)),
            17..22 => Clause::Or(self.nodes(depth)),
            22..26 => Clause::Not(Box::new(self.node(depth - 1))),
            _ => Clause::InProject {
                name: (*self.dice.pick(&PROJECTS)).to_owned().into(),
                filter: self.dice.chance(80).then(|| Box::new(self.node(depth - 1))),
            },
        };
        clause.into()
    }

    /// What was and when it first was, what changed, and who was seen.
    fn past(&mut self, depth: usize) -> Node {
        match self.dice.below(8) {
            0..3 if !self.is_inside => Clause::Was { filter: self.inside(depth), when: self.when() }.into(),
            6 | 7 if !self.is_inside => {
                Clause::First { filter: self.inside_first(depth), test: self.time_test() }.into()
            }
            3 => Clause::Seen { least: 1 + self.dice.below(3) as u32 / 2, period: self.past_days().into() }
                .into(),
            4 => {
                let keys = vec![(*self.dice.pick(&KEYS)).to_owned()];
                let direction = *self.dice.pick(&[Direction::Increased, Direction::Decreased]);
                let test = Test::Moved(direction, self.past_period().into());
                Condition { field: Field::Params(Path::new(keys).expect("a short path")).into(), test }.into()
            }
            _ => self.changed().into(),
        }
    }

    /// A filter that `was` or `first` asks of.
    fn inside(&mut self, depth: usize) -> Box<Node> {
        self.is_inside = true;
        let filter = Box::new(self.node(depth.saturating_sub(1)));
        self.is_inside = false;
        filter
    }

    /// A filter that `first` asks of.
    fn inside_first(&mut self, depth: usize) -> Box<Node> {
        self.is_first = true;
        let filter = self.inside(depth);
        self.is_first = false;
        filter
    }

    fn when(&mut self) -> When {
        match self.dice.below(6) {
            4 | 5 => When::Own(self.own().into()),
            0 => When::Ever,
            1 => When::In(self.past_period().into()),
            2 => When::On(DateLiteral::Instant(Instant::from(self.past_time())).into()),
            _ => When::On(
                (*self.dice.pick(&[DateLiteral::Yesterday, DateLiteral::Today, DateLiteral::Now])).into(),
            ),
        }
    }

    fn changed(&mut self) -> Condition {
        let keys = 1 + self.dice.below(3) / 2;
        let keys = (0..keys).map(|_| (*self.dice.pick(&KEYS)).to_owned()).collect();
        let params = Field::Params(Path::new(keys).expect("short paths"));
        let field = self
            .dice
            .pick(&[params.clone(), params, Field::Status, Field::Name, Field::UserId, Field::Email])
            .clone();
        let sides = [(); 2].map(|()| self.dice.chance(50).then(|| self.side(&field).into()));
        let period = self.dice.chance(60).then(|| self.past_period().into());
        let [from, to] = sides;
        Condition { field: field.into(), test: Test::Changed { from, to, period } }
    }

    fn side(&mut self, field: &Field) -> Side {
        match field {
            _ if self.dice.chance(25) => Side::Missing,
            Field::Params(_) => Side::Value(self.literal().value),
            Field::Status => Side::Value(Literal::Text(self.dice.pick(&Status::ALL).to_string())),
            _ => Side::Value(Literal::Text(self.dice.word())),
        }
    }

    fn past_time(&mut self) -> Timestamp {
        near(self.dice, self.now).min(self.now)
    }

    /// A period that has begun.
    fn past_period(&mut self) -> Period {
        match self.dice.below(4) {
            0 => Period::Last(1 + self.dice.below(40) as u32, self.step()),
            1 => {
                let (a, b) = (self.past_time(), near(self.dice, self.now));
                let instant = |time: Timestamp| DateLiteral::Instant(Instant::from(time));
                Period::Between(instant(a.min(b)), instant(a.max(b)))
            }
            _ => self.past_days(),
        }
    }

    /// A period of whole days that has begun.
    fn past_days(&mut self) -> Period {
        let steps = [Unit::Day, Unit::Week, Unit::Month].map(Step::Calendar);
        match self.dice.below(3) {
            0 => Period::Last(2 + self.dice.below(20) as u32, *self.dice.pick(&steps)),
            1 => {
                let units = [Unit::Week, Unit::Month, Unit::Quarter, Unit::Year];
                Period::Calendar(*self.dice.pick(&[Turn::Last, Turn::This]), *self.dice.pick(&units))
            }
            _ => {
                let today = self.zone.to_datetime(self.now).date();
                let day = self.zone.to_datetime(self.past_time()).date().min(today);
                // Two days at least, so that somebody can be seen on two.
                Period::Between(DateLiteral::Day(day.yesterday().expect("a day")), DateLiteral::Day(today))
            }
        }
    }

    fn nodes(&mut self, depth: usize) -> Vec<Node> {
        if self.dice.chance(25) {
            return self.on_one_path();
        }
        let count = 2 + self.dice.below(3);
        (0..count).map(|_| self.node(depth - 1)).collect()
    }

    /// Equalities and `has` on one path, and on one inside it: what one containment must not be asked together.
    fn on_one_path(&mut self) -> Vec<Node> {
        let keys = vec![(*self.dice.pick(&KEYS)).to_owned()];
        let inner = [keys.clone(), vec![(*self.dice.pick(&KEYS)).to_owned()]].concat();
        let count = 2 + self.dice.below(3);
        let mut condition = || {
            let keys = if self.dice.chance(75) { keys.clone() } else { inner.clone() };
            let literal = self.literal();
            let test = match self.dice.chance(50) {
                true => Test::Compare(Comparison::Equal, literal),
                false => Test::Has(literal),
            };
            Node::from(Condition { field: Field::Params(Path::new(keys).expect("short paths")).into(), test })
        };
        (0..count).map(|_| condition()).collect()
    }

    fn condition(&mut self) -> Condition {
        match self.dice.below(10) {
            0 => self.text_field(),
            1 => self.time_field(),
            2 => self.status_or_project(),
            _ => self.params(),
        }
    }

    fn text_field(&mut self) -> Condition {
        let field = self.dice.pick(&[Field::Email, Field::Domain, Field::Name, Field::UserId]).clone();
        let text = |writer: &mut Self| {
            let text = match writer.dice.below(4) {
                0 => writer.dice.word(),
                1 => "Acme.com".to_owned(),
                2 => format!("U_{}", writer.dice.below(50)),
                _ => writer.dice.text(4),
            };
            Spanned::from(Literal::Text(text))
        };
        let test = match self.dice.below(6) {
            0 | 1 => Test::Compare(self.comparison(), text(self)),
            2 => Test::In { negated: self.dice.chance(50), values: vec![text(self), text(self)] },
            3 => self.existence(),
            _ => Test::Match(self.place(), self.needle().into()),
        };
        Condition { field: field.into(), test }
    }

    fn time_field(&mut self) -> Condition {
        let field = self.dice.pick(&TIMES).clone();
        let test = if self.dice.chance(16) { self.existence() } else { self.time_test() };
        Condition { field: field.into(), test }
    }

    /// What is asked of a time that is there.
    fn time_test(&mut self) -> Test {
        match self.dice.below(5) {
            3 | 4 => Test::Own(self.comparison(), self.own().into()),
            0 => self.during(),
            1 if self.dice.chance(30) => {
                let quoted = Literal::Text(near(self.dice, self.now).to_string());
                Test::Compare(self.comparison(), quoted.into())
            }
            _ => Test::Compare(self.comparison(), Literal::Date(self.date()).into()),
        }
    }

    /// A time of the customer's own.
    fn own(&mut self) -> Own {
        let steps = [Step::Minute, Step::Hour, Step::Calendar(Unit::Day), Step::Calendar(Unit::Week)];
        let shift = self.dice.chance(60).then(|| Elapsed {
            back: self.dice.chance(40),
            amount: self.dice.below(40) as u32,
            step: *self.dice.pick(&steps),
        });
        let from = match self.past && !self.is_inside && self.dice.chance(30) {
            true => Start::First(self.inside_first(1)),
            false => Start::Field(self.dice.pick(&TIMES).clone()),
        };
        Own { from, shift }
    }

    fn status_or_project(&mut self) -> Condition {
        let (field, word) = match self.dice.chance(50) {
            true => (Field::Status, self.dice.pick(&Status::ALL).to_string()),
            false => (Field::Project, (*self.dice.pick(&PROJECTS)).to_owned()),
        };
        let literal = Spanned::from(Literal::Text(word));
        let test = match self.dice.below(3) {
            0 => Test::Compare(Comparison::Equal, literal),
            1 => Test::Compare(Comparison::NotEqual, literal),
            _ => Test::In { negated: self.dice.chance(50), values: vec![literal.clone(), literal] },
        };
        Condition { field: field.into(), test }
    }

    fn params(&mut self) -> Condition {
        let keys = 1 + self.dice.below(3) / 2;
        let keys = (0..keys).map(|_| (*self.dice.pick(&KEYS)).to_owned()).collect();
        let field = Field::Params(Path::new(keys).expect("short paths"));
        let test = match self.dice.below(12) {
            0..3 => Test::Compare(self.equality(), self.literal()),
            3..6 => Test::Compare(self.comparison(), self.ordered_literal()),
            6 => {
                let count = 1 + self.dice.below(3);
                let values = (0..count).map(|_| self.literal()).collect();
                Test::In { negated: self.dice.chance(40), values }
            }
            7 => self.during(),
            8 | 9 => Test::Match(self.place(), self.needle().into()),
            10 => Test::Has(self.literal()),
            _ => self.existence(),
        };
        Condition { field: field.into(), test }
    }

    fn existence(&mut self) -> Test {
        match self.dice.chance(50) {
            true => Test::Exists,
            false => Test::Is { negated: self.dice.chance(50), kind: *self.dice.pick(&Kind::ALL) },
        }
    }

    fn during(&mut self) -> Test {
        Test::During { negated: self.dice.chance(30), period: self.period().into() }
    }

    fn equality(&mut self) -> Comparison {
        if self.dice.chance(60) { Comparison::Equal } else { Comparison::NotEqual }
    }

    fn comparison(&mut self) -> Comparison {
        *self.dice.pick(&[
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ])
    }

    fn place(&mut self) -> Place {
        *self.dice.pick(&[Place::Anywhere, Place::Start, Place::End])
    }

    fn needle(&mut self) -> String {
        if self.dice.chance(30) { self.dice.word() } else { self.dice.text(3) }
    }

    fn literal(&mut self) -> Spanned<Literal> {
        match self.dice.below(6) {
            0 => Literal::Null.into(),
            1 => Literal::Boolean(self.dice.chance(50)).into(),
            _ => self.ordered_literal(),
        }
    }

    fn ordered_literal(&mut self) -> Spanned<Literal> {
        let literal = match self.dice.below(4) {
            0 => Literal::Number(self.dice.pick(&NUMBERS).parse().expect("a number")),
            1 => Literal::Text(self.dice.word()),
            2 => Literal::Text(self.dice.text(6)),
            _ => Literal::Date(self.date()),
        };
        literal.into()
    }

    fn date(&mut self) -> DateLiteral {
        match self.dice.below(8) {
            0 => DateLiteral::Yesterday,
            1 => DateLiteral::Today,
            2 => DateLiteral::Tomorrow,
            3 => DateLiteral::Now,
            4 => {
                let day = self.zone.to_datetime(near(self.dice, self.now)).date();
                let edges = ["0001-01-01", "9999-12-31"].map(|day| day.parse().expect("a day"));
                DateLiteral::Day(if self.dice.chance(10) { *self.dice.pick(&edges) } else { day })
            }
            5 => DateLiteral::Instant(Instant::from(near(self.dice, self.now))),
            _ => DateLiteral::Shifted {
                from: if self.dice.chance(50) { Origin::Now } else { Origin::Today },
                back: self.dice.chance(50),
                amount: self.dice.below(40) as u32,
                step: self.step(),
            },
        }
    }

    fn step(&mut self) -> Step {
        let units = [Unit::Day, Unit::Week, Unit::Month, Unit::Year].map(Step::Calendar);
        *self.dice.pick(&[&[Step::Minute, Step::Hour], units.as_slice()].concat())
    }

    fn period(&mut self) -> Period {
        match self.dice.below(4) {
            0 => Period::Last(1 + self.dice.below(40) as u32, self.step()),
            1 => Period::Next(1 + self.dice.below(40) as u32, self.step()),
            2 => Period::Calendar(
                *self.dice.pick(&[Turn::Last, Turn::This, Turn::Next]),
                *self.dice.pick(&Unit::ALL),
            ),
            _ => {
                let (a, b) = (near(self.dice, self.now), near(self.dice, self.now));
                // A later moment can be on an earlier day, where clocks go back over midnight.
                let [c, d] = [a, b].map(|time| self.zone.to_datetime(time).date());
                let instant = |time: Timestamp| DateLiteral::Instant(Instant::from(time));
                match self.dice.chance(70) {
                    true => Period::Between(DateLiteral::Day(c.min(d)), DateLiteral::Day(c.max(d))),
                    false => Period::Between(instant(a.min(b)), instant(a.max(b))),
                }
            }
        }
    }
}
