//! Where the relationship of each customer stands in a project's chunks.

/// Numbers of one page: customers of a project mostly came one after the other, so that few pages are needed.
const PAGE: usize = 1024;
/// No place.
const NOWHERE: u32 = u32::MAX;

/// A row of a chunk: the slot of its part, and the row's number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) slot: usize,
    pub(super) row: usize,
}

/// Places by the customer's number.
#[derive(Debug, Default)]
pub(super) struct Places {
    pages: Vec<Option<Box<[u32; PAGE]>>>,
}

impl Places {
    pub(super) fn get(&self, number: u32) -> Option<Place> {
        let page = self.pages.get(number as usize / PAGE)?.as_ref()?;
        let packed = page[number as usize % PAGE];
        (packed != NOWHERE)
            .then_some(Place { slot: (packed >> 16) as usize, row: (packed & 0xffff) as usize })
    }

    pub(super) fn set(&mut self, number: u32, place: Place) {
        *self.entry(number) = (place.slot as u32) << 16 | place.row as u32;
    }

    /// Forgets a place and says what it was.
    pub(super) fn take(&mut self, number: u32) -> Option<Place> {
        let place = self.get(number)?;
        *self.entry(number) = NOWHERE;
        Some(place)
    }

    fn entry(&mut self, number: u32) -> &mut u32 {
        let page = number as usize / PAGE;
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_with(|| Box::new([NOWHERE; PAGE]));
        &mut page[number as usize % PAGE]
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let pages = self.pages.iter().flatten().count();
        pages * size_of::<[u32; PAGE]>() + self.pages.len() * size_of::<usize>()
    }
}
