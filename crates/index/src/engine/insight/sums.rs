//! Sums under way, by line and step: a line is a slice of a currency.

use std::{
    array,
    ops::{AddAssign, SubAssign},
};

use bigdecimal::BigDecimal;

use crate::{
    column::numbers::Sum,
    engine::whole,
    insight::{
        cell::Figure,
        movements::{Piece, Spot},
    },
};

/// What is added up.
pub(super) trait Money:
    Clone + Default + Ord + for<'a> AddAssign<&'a Self> + for<'a> SubAssign<&'a Self>
{
}

/// Units at one scale.
impl Money for i128 {}

/// Numbers of any size.
impl Money for BigDecimal {}

/// What moves, in the order of its place in a step.
const MOVING: [Piece; 8] = [
    Piece::New,
    Piece::Expansion,
    Piece::Contraction,
    Piece::Churned,
    Piece::Reactivated,
    Piece::Entered,
    Piece::Left,
    Piece::Imported,
];

/// By line and end, or by line and step.
pub(super) struct Sums<N> {
    ends: usize,
    /// What there is at an end, as difference to the end before.
    levels: Vec<Level<N>>,
    /// What moves in a step.
    moves: Vec<[Moved<N>; MOVING.len()]>,
}

#[derive(Clone, Default)]
struct Level<N> {
    people: i64,
    sum: N,
    odd: i64,
}

#[derive(Clone, Default)]
struct Moved<N> {
    people: u64,
    sum: N,
}

impl<N: Clone + Default> Sums<N> {
    pub(super) fn new(lines: usize, ends: usize) -> Sums<N> {
        let none = array::from_fn(|_| Moved::default());
        Sums { ends, levels: vec![Level::default(); lines * ends], moves: vec![none; lines * (ends - 1)] }
    }

    /// The same, with each sum as another.
    pub(super) fn map<T>(&self, sum: impl Fn(&N) -> T) -> Sums<T> {
        let level = |own: &Level<N>| Level { people: own.people, sum: sum(&own.sum), odd: own.odd };
        let moved = |own: &Moved<N>| Moved { people: own.people, sum: sum(&own.sum) };
        let moves = self.moves.iter().map(|own| own.each_ref().map(moved));
        Sums { ends: self.ends, levels: self.levels.iter().map(level).collect(), moves: moves.collect() }
    }
}

/// From one end to the next, a row becomes something else.
pub(super) struct Turn<'n, N> {
    /// The end from which it is so.
    pub(super) end: usize,
    /// Whether there is no end before it.
    pub(super) is_first: bool,
    /// Its number before and from then on.
    pub(super) ends: [&'n N; 2],
    /// Whether that was odd, and is.
    pub(super) odd: [bool; 2],
    /// What it is if it comes from 0.
    pub(super) came: Piece,
}

impl<N: Money> Sums<N> {
    /// A row turns: its lines before and from then on.
    pub(super) fn turn(&mut self, [before, after]: [usize; 2], turn: &Turn<'_, N>) {
        let ([was, is], zero) = (turn.ends, N::default());
        if !turn.is_first {
            let level = &mut self.levels[before * self.ends + turn.end];
            level.sum -= was;
            level.people -= i64::from(*was != zero);
            level.odd -= i64::from(turn.odd[0]);
            self.step([before, after], turn);
        }
        let level = &mut self.levels[after * self.ends + turn.end];
        level.sum += is;
        level.people += i64::from(*is != zero);
        level.odd += i64::from(turn.odd[1]);
    }

    /// What moves in the step that ends there.
    fn step(&mut self, [before, after]: [usize; 2], turn: &Turn<'_, N>) {
        let ([was, is], zero, step) = (turn.ends, N::default(), turn.end - 1);
        match () {
            () if *was == zero && *is == zero => {}
            () if *was == zero => self.enter((after, step), turn.came, [is, was]),
            () if *is == zero => self.enter((before, step), Piece::Churned, [was, is]),
            () if before != after => {
                self.enter((before, step), Piece::Left, [was, &zero]);
                self.enter((after, step), Piece::Entered, [is, &zero]);
            }
            () if is > was => self.enter((after, step), Piece::Expansion, [is, was]),
            () if is < was => self.enter((after, step), Piece::Contraction, [was, is]),
            () => {}
        }
    }

    /// Somebody of a line moves so in a step, by so much more than so much.
    fn enter(&mut self, (line, step): (usize, usize), piece: Piece, [more, less]: [&N; 2]) {
        let moves = &mut self.moves[line * (self.ends - 1) + step];
        let Some(place) = MOVING.iter().position(|own| *own == piece) else { return };
        let moved = &mut moves[place];
        moved.people += 1;
        moved.sum += more;
        moved.sum -= less;
    }
}

impl Sums<Sum> {
    pub(super) fn add(&mut self, other: &Sums<Sum>) {
        self.levels.iter_mut().zip(&other.levels).for_each(|(own, other)| own.add(other));
        let moves = self.moves.iter_mut().flatten().zip(other.moves.iter().flatten());
        moves.for_each(|(own, other)| own.add(other));
    }

    /// Makes levels of the differences, and everybody of so many lines each time, of which everybody is the first.
    pub(super) fn put_together(&mut self, lines: usize) {
        let ends = self.ends;
        for end in (0..self.levels.len()).filter(|end| end % ends != 0) {
            let before = self.levels[end - 1].clone();
            self.levels[end].add(&before);
        }
        for line in (0..self.levels.len() / ends).filter(|line| line % lines != 0) {
            let all = line - line % lines;
            for end in 0..ends {
                let own = self.levels[line * ends + end].clone();
                self.levels[all * ends + end].add(&own);
            }
            for step in 0..ends - 1 {
                let own = self.moves[line * (ends - 1) + step].clone();
                let all = &mut self.moves[all * (ends - 1) + step];
                all.iter_mut().zip(&own).for_each(|(all, own)| all.add(own));
            }
        }
    }

    /// What there is at a place.
    pub(super) fn figure(&self, line: usize, Spot { step, piece, .. }: Spot) -> Figure {
        let end = |after: usize| &self.levels[line * self.ends + step + after];
        let level = |level: &Level<Sum>| Figure { people: whole(level.people), sum: level.sum.exact() };
        match piece {
            Piece::Opening => level(end(0)),
            Piece::Closing => level(end(1)),
            Piece::Odd => Figure { people: whole(end(1).odd), ..Figure::default() },
            piece => {
                let moves = self.moves[line * (self.ends - 1) + step].iter();
                let own = MOVING.iter().zip(moves).find(|(own, _)| **own == piece);
                own.map_or_else(Figure::default, |(_, own)| Figure {
                    people: own.people,
                    sum: own.sum.exact(),
                })
            }
        }
    }
}

impl Level<Sum> {
    fn add(&mut self, other: &Level<Sum>) {
        self.people += other.people;
        self.sum.add(&other.sum);
        self.odd += other.odd;
    }
}

impl Moved<Sum> {
    fn add(&mut self, other: &Moved<Sum>) {
        self.people += other.people;
        self.sum.add(&other.sum);
    }
}
