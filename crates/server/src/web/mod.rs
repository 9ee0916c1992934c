//! The dashboard: one file a page, named as its URL. A page is a struct beside its handler; its template is typed.

pub mod assets;
pub mod errors;
pub mod format;
mod frame;
pub mod headers;
pub mod home;
pub mod keys;
pub mod members;
mod page;
pub mod password;
pub mod projects;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod theme;
