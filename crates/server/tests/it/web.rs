//! The dashboard without a browser, a file a room.

mod acts;
mod changes;
mod customer;
mod customer_edit;
mod customer_history;
mod customer_move;
mod customer_notes;
mod customer_past;
mod customer_why;
mod customers;
mod customers_box;
mod customers_kept;
mod customers_past;
mod customers_rail;
mod customers_spread;
mod customers_strip;
mod formats;
mod frame;
mod home;
mod imports;
mod insights;
mod page;
mod segments;
mod session;
mod settings;
mod sign_in;
