//! What the API and the pages share: state, who is calling, problems, limits, the accept loop, metrics, the clients.

pub mod acts;
pub mod auth;
pub mod body;
pub mod budget;
pub mod client;
pub mod coding;
pub mod events;
pub mod export;
pub mod extract;
pub mod fields;
pub mod headers;
pub mod idempotency;
pub mod limit;
pub mod listen;
pub mod metrics;
pub mod multipart;
pub mod paths;
pub mod person;
pub mod problem;
pub mod rate;
pub mod request_id;
pub mod rotations;
pub mod sdk;
mod state;

pub use problem::{Code, Problem};
pub use state::App;
