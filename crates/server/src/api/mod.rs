//! The JSON API: one file a resource, named as its URL.

pub mod batch;
pub mod health;
pub mod identify;
pub mod openapi;
pub mod ping;
pub mod projects;
