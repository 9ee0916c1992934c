//! What a file is, and its rows one after the other as they stand in it.

pub(crate) mod form;
pub(crate) mod header;
pub(crate) mod reader;
