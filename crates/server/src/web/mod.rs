//! The dashboard: one file a page, named as its URL.
