//! The JSON API: one file a resource, named as its URL.

pub mod health;
pub mod openapi;
pub mod projects;
