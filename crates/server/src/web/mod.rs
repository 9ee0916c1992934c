//! The dashboard: a folder a room, named as its URL. A page is a struct beside its handler; its template is typed and lies in
//! the folder of the room's name, its style and its script in `static/` under that name.

pub mod acts;
pub mod changes;
pub mod customer;
pub mod customers;
pub mod events;
pub mod frame;
pub mod home;
pub mod imports;
pub mod insights;
pub mod page;
pub mod projects;
pub mod segments;
pub mod session;
pub mod settings;
pub mod sign_in;
