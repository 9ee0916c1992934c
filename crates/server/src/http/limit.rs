//! Limits on guessing passwords: per address, per account, and on how many hashes are computed at once.
//!
//! They never lock an owner out: an address that has signed in to an account before is not held to the account's
//! limit, and a sign-in link is held to the address's alone.

use std::{
    collections::HashSet,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

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
/// Known addresses are forgotten, all at once, beyond this number.
const KNOWN_MAX: usize = 10_000;
/// Accounts that are not limited any more are forgotten beyond this number.
const ACCOUNTS_MAX: usize = 10_000;

/// The limits on signing in; one for the whole process.
pub struct SignInLimits {
    addresses: Rate<IpAddr>,
    accounts: DefaultKeyedRateLimiter<Email>,
    known: Mutex<HashSet<(Email, IpAddr)>>,
    hashes: Semaphore,
}

impl SignInLimits {
    /// Nobody has tried anything yet.
    #[allow(clippy::new_without_default, reason = "made once, at start")]
    pub fn new() -> SignInLimits {
        SignInLimits {
            addresses: Rate::new("address", TOO_MANY, ADDRESS, Duration::from_secs(60)),
            accounts: RateLimiter::keyed(ACCOUNT),
            known: Mutex::new(HashSet::new()),
            hashes: Semaphore::new(HASHES),
        }
    }

    /// Whether this address may try once more.
    pub fn address(&self, address: ClientAddress) -> Result<(), Problem> {
        self.addresses.take(&network(address.0), NonZeroU32::MIN, &Counted::default())
    }

    /// Whether this address may try a password of this account once more.
    pub fn account(&self, email: &Email, address: ClientAddress) -> Result<(), Problem> {
        if self.known().contains(&(email.clone(), network(address.0))) {
            return Ok(());
        }
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

    /// Remembers that this address has signed in to this account.
    pub fn remember(&self, email: Email, address: ClientAddress) {
        let mut known = self.known();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert((email, network(address.0)));
    }

    /// Waits for a turn to compute a password's hash.
    pub async fn hashing(&self) -> Option<SemaphorePermit<'_>> {
        self.hashes.acquire().await.ok()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<(Email, IpAddr)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_address_is_never_locked_out() {
        let limits = SignInLimits::new();
        let (home, attacker) = (ClientAddress([10, 0, 0, 1].into()), ClientAddress([10, 0, 0, 2].into()));
        let email = Email::parse("ada@example.com").unwrap();
        limits.remember(email.clone(), home);
        while limits.account(&email, attacker).is_ok() {}
        assert!(limits.account(&email, home).is_ok());
        assert!(limits.account(&Email::parse("bob@example.com").unwrap(), attacker).is_ok());
    }
}
