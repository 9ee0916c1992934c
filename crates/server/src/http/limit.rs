//! Limits on guessing passwords: per address, and per member.
//!
//! They never lock an owner out: an address that a member has signed in from before ([`is_known`]) is not held to the
//! member's limit, and a sign-in link is held to the address's alone.
//!
//! [`is_known`]: crate::store::session::is_known

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use super::{
    Problem,
    client::{ClientAddress, network},
    rate::{Counted, Rate},
};
use crate::model::Email;

/// Attempts from one address: this many at once, then one every three seconds.
const ADDRESS: NonZeroU32 = NonZeroU32::new(20).expect("20 is not 0");
const TOO_MANY: &str = "Too many attempts to sign in come from this address.";
const TOO_MANY_OF_ONE: &str = "Too many attempts to sign in with this e-mail.";
/// Attempts on one member from addresses that they never signed in from: this many at once, then one every six seconds.
const MEMBER: NonZeroU32 = NonZeroU32::new(10).expect("10 is not 0");
const WINDOW: Duration = Duration::from_secs(60);

/// The limits on signing in; one for the whole process.
pub struct SignInLimits {
    addresses: Rate<IpAddr>,
    members: Rate<Email>,
}

impl SignInLimits {
    /// Nobody has tried anything yet.
    #[allow(clippy::new_without_default, reason = "made once, at start")]
    pub fn new() -> SignInLimits {
        SignInLimits {
            addresses: Rate::new("address", TOO_MANY, ADDRESS, WINDOW),
            members: Rate::new("member", TOO_MANY_OF_ONE, MEMBER, WINDOW),
        }
    }

    /// Whether this address may try once more.
    pub fn address(&self, address: ClientAddress) -> Result<(), Problem> {
        self.addresses.take(&network(address.0), NonZeroU32::MIN, &Counted::default())
    }

    /// Whether somebody from where this member has never signed in may try a password once more.
    pub fn member(&self, email: &Email) -> Result<(), Problem> {
        self.members.take(email, NonZeroU32::MIN, &Counted::default()).map_err(|problem| {
            problem.hint(
                "Wait a minute, or use a sign-in link: an owner makes one under Settings, Members, \
                 and tinycrm member link prints one on the server.",
            )
        })
    }
}
