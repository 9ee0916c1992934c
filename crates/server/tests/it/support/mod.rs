//! What every test stands on.

pub(crate) mod population;
pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod server;
pub(crate) mod visitor;
