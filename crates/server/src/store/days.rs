//! Days of activity as they are stored: a bitmap a year, of which day 1 is the lowest bit of byte 0.

use jiff::{ToSpan, civil::Date};

/// The days that are marked in a year's bitmap, in order.
pub(super) fn marked(year: i16, bitmap: &[u8]) -> Vec<Date> {
    let Ok(first) = Date::new(year, 1, 1) else { return Vec::new() };
    let set = |day: &usize| bitmap[day / 8] >> (day % 8) & 1 == 1;
    let places = (0..bitmap.len() * 8).filter(set);
    places.filter_map(|day| first.checked_add((day as i64).days()).ok()).collect()
}
