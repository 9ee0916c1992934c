//! Attacks, each by its name: what has bitten systems like this one does nothing here.

mod answers;
mod bodies;
mod labels;
mod rates;
mod starvation;
mod tenants;
mod work;
