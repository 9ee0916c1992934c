//! What stands in a file: bytes taken out of their compression and decoded, cut into records, values or the rows of a sheet.

pub(crate) mod decode;
pub(crate) mod objects;
pub(crate) mod positioned;
pub(crate) mod record;
pub(crate) mod sheet;
pub(crate) mod source;
pub(crate) mod workbook;
