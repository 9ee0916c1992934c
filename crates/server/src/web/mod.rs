//! The dashboard: one file a page, named as its URL. A page is a struct beside its handler; its template is typed.

pub mod address;
pub mod assets;
mod calendar;
pub mod customer;
pub mod customers;
pub mod errors;
mod facets;
mod filter_box;
pub mod format;
mod frame;
pub mod headers;
pub mod help;
pub mod home;
pub mod keys;
pub mod members;
mod narrow;
mod page;
pub mod password;
pub mod projects;
pub mod rail;
mod refusal;
pub mod session;
pub mod settings;
pub mod sign_in;
mod table;
pub mod theme;
mod value;
