//! The JSON API: one file a resource, named as its URL.

pub mod batch;
mod bodies;
pub mod calls;
pub mod changes;
pub mod customers;
pub mod errors;
pub mod events;
pub mod export;
pub mod health;
pub mod identify;
pub mod imports;
pub mod insights;
pub mod llms;
pub mod openapi;
pub mod params;
pub mod ping;
pub mod projects;
pub mod query;
pub mod sdk;
pub mod segments;
pub mod series;
pub(crate) mod upload;
