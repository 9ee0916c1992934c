//! What every test stands on.

pub(crate) mod postgres;
pub(crate) mod server;
