//! Which codes follow from which: one who came by the first carries the second.

use std::cell::RefCell;

use filter::Field;

use super::{
    Census, Part,
    census::{NONE, scalars},
};
use crate::engine::each;

/// So many codes are walked before one looks at the clock.
const STRETCH: usize = 1 << 14;

/// Codes by their places, and for each those that follow.
pub(super) struct Graph {
    /// Where those of each end in `next`.
    ends: Vec<u32>,
    next: Vec<u32>,
    walk: RefCell<Walk>,
}

/// What a walk needs, kept for the next one.
#[derive(Default)]
struct Walk {
    /// The walk that last came by each code.
    seen: Vec<u32>,
    number: u32,
    queue: Vec<u32>,
}

impl Graph {
    pub(super) fn of(parts: &[Part<'_>], census: &Census<'_>, carries: Option<&Field>) -> Graph {
        let places: Vec<usize> = (0..parts.len()).filter(|_| carries.is_some()).collect();
        let pairs = each(&places, |place| {
            carries.map_or_else(Vec::new, |field| pairs(&parts[*place], (census, &census.ids[*place]), field))
        });
        let mut ends = vec![0; census.nodes.len()];
        pairs.iter().flatten().for_each(|(from, _)| ends[*from as usize] += 1);
        let mut sum = 0;
        for end in &mut ends {
            // Where its own begin; each that is put there moves it on, to where they end.
            sum += std::mem::replace(end, sum);
        }
        let mut next = vec![0; sum as usize];
        for (from, to) in pairs.into_iter().flatten() {
            let end = &mut ends[from as usize];
            next[*end as usize] = to;
            *end += 1;
        }
        let walk = RefCell::new(Walk { seen: vec![0; ends.len()], ..Walk::default() });
        Graph { ends, next, walk }
    }

    /// Calls with every code that follows from one, itself first, and its level; level by level. Stops where it is late.
    pub(super) fn reach(&self, from: u32, is_late: &dyn Fn() -> bool, call: &mut dyn FnMut(u32, u64)) {
        let Walk { seen, number, queue } = &mut *self.walk.borrow_mut();
        *number += 1;
        queue.clear();
        queue.push(from);
        seen[from as usize] = *number;
        let (mut at, mut level) = (0, 0);
        while at < queue.len() {
            level += 1;
            let level_ends = queue.len();
            for place in at..level_ends {
                if place % STRETCH == STRETCH - 1 && is_late() {
                    return;
                }
                let id = queue[place];
                call(id, level);
                for next in self.after(id) {
                    if seen[*next as usize] != *number {
                        seen[*next as usize] = *number;
                        queue.push(*next);
                    }
                }
            }
            at = level_ends;
        }
    }

    fn after(&self, id: u32) -> &[u32] {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.next[start as usize..self.ends[id] as usize]
    }
}

/// Each row that came by a code and carries one by which somebody came.
fn pairs(part: &Part<'_>, (census, ids): (&Census<'_>, &[u32]), carries: &Field) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    let (Some(path), Some(own)) = (&part.column, part.seen.column(carries)) else { return pairs };
    let (scalars, symbols) = (scalars(&own.symbols), &own.symbols);
    let came = path.all_codes();
    // Of each code that is carried; none is looked for before somebody who came by one carries it.
    let mut known: Vec<Option<u32>> = vec![None; scalars];
    // Few carry a code where many came by one.
    own.each(|row, code| {
        let from = ids[usize::from(came[row])];
        if from == NONE || code >= scalars || !part.live.has(row) {
            return;
        }
        let to = *known[code].get_or_insert_with(|| census.find(&symbols.get(code)).unwrap_or(NONE));
        if to != NONE {
            pairs.push((from, to));
        }
    });
    pairs
}
