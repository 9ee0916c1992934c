//! Limits on guessing passwords: per address, per account, and on how many hashes are computed at once.
//!
//! They never lock an owner out: an address that has signed in to an account before ([`is_known`]) is not held to the
//! account's limit, and a sign-in link is held to the address's alone.
//!
//! [`is_known`]: crate::store::session::is_known

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    Code, Problem,
    client::{ClientAddress, network},
    rate::{Counted, Rate},
};
use crate::model::Email;

/// Attempts from one address: this many at once, then one every three seconds.
const ADDRESS: NonZeroU32 = NonZeroU32::new(20).expect("20 is not 0");
const TOO_MANY: &str = "Too many attempts to sign in come from this address.";
/// Attempts on one account from addresses that never signed in to it.
const ACCOUNT: Quota = Quota::per_minute(NonZeroU32::new(10).expect("10 is not 0"));
/// Password hashes at once: each takes 19 MiB and a core.
const HASHES: usize = 2;
/// Accounts that are not limited any more are forgotten beyond this number.
const ACCOUNTS_MAX: usize = 10_000;

/// The limits on signing in; one for the whole process.
pub struct SignInLimits {
    addresses: Rate<IpAddr>,
    accounts: DefaultKeyedRateLimiter<Email>,
    hashes: Semaphore,
}

impl SignInLimits {
    /// Nobody has tried anything yet.
    #[allow(clippy::new_without_default, reason = "made once, at start")]
    pub fn new() -> SignInLimits {
        SignInLimits {
            addresses: Rate::new("address", TOO_MANY, ADDRESS, Duration::from_secs(60)),
            accounts: RateLimiter::keyed(ACCOUNT),
            hashes: Semaphore::new(HASHES),
        }
    }

    /// Whether this address may try once more.
    pub fn address(&self, address: ClientAddress) -> Result<(), Problem> {
        self.addresses.take(&network(address.0), NonZeroU32::MIN, &Counted::default())
    }

    /// Whether somebody from where nobody has signed in to this account may try a password of it once more.
    pub fn account(&self, email: &Email) -> Result<(), Problem> {
        if self.accounts.len() > ACCOUNTS_MAX {
            self.accounts.retain_recent();
        }
        self.accounts.check_key(email).map_err(|until| {
            Problem::new(Code::TooManyRequests, "Too many attempts to sign in with this e-mail.")
                .hint(
                    "Wait a minute, or use a sign-in link: an owner makes one under Settings, Members, \
                     and tinycrm member link prints one on the server.",
                )
                .retry_after(until.wait_time_from(self.accounts.clock().now()))
        })
    }

    /// Waits for a turn to compute a password's hash.
    pub async fn hashing(&self) -> Option<SemaphorePermit<'_>> {
        self.hashes.acquire().await.ok()
    }
}
