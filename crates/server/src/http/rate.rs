//! How often: each address, account and key may ask so many times a second, browsers may call so many times a minute. What
//! is left of it stands in every answer, in the headers of draft-ietf-httpapi-ratelimit-headers-10.

use std::{
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    Quota, RateLimiter, clock::Clock, clock::DefaultClock, middleware::StateInformationMiddleware,
    state::keyed::HashMapStateStore,
};

use super::{App, Code, Problem, budget::holder, client::ClientAddress};
use crate::{
    config::Limits,
    model::KeyId,
    store::{AccountId, key::Key},
};

/// What is left.
pub const LEFT: HeaderName = HeaderName::from_static("ratelimit");
/// Of how much.
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// So many who ask are remembered before it is looked who of them may be forgotten.
const KEPT: usize = 10_000;

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// How often each `K` may do something: so often at once, and as often again in every window.
pub struct Rate<K: Hash + Eq + Clone> {
    /// Whose it is, as the headers name it.
    name: &'static str,
    /// What is refused, for whoever is.
    refusal: &'static str,
    count: NonZeroU32,
    window: Duration,
    limiter: Limiter<K>,
    /// Beyond so many it is looked who may be forgotten: twice as many as were left the last time, so that a look costs
    /// little beside what made it necessary.
    looked: AtomicUsize,
}

/// What is left of a rate.
#[derive(Clone, Copy, Debug)]
struct Left {
    name: &'static str,
    count: NonZeroU32,
    window: Duration,
    left: u32,
    /// When all of it is there again; when one is, if none is left.
    until: Duration,
}

/// The rates that a request was counted against, in its extensions.
#[derive(Clone, Default)]
pub struct Counted(Arc<Mutex<Vec<Left>>>);

/// Every rate of requests.
pub struct Rates {
    addresses: Rate<IpAddr>,
    accounts: Rate<AccountId>,
    keys: Rate<KeyId>,
    browsers: Rate<IpAddr>,
}

impl<K: Hash + Eq + Clone> Rate<K> {
    /// So often in a window.
    pub fn new(name: &'static str, refusal: &'static str, count: NonZeroU32, window: Duration) -> Rate<K> {
        // One in no time at all cannot be: what is faster than the clock is as fast as the clock.
        let quota = Quota::with_period(window / count.get()).unwrap_or(Quota::per_second(count));
        let limiter = RateLimiter::hashmap(quota.allow_burst(count)).with_middleware();
        Rate { name, refusal, count, window, limiter, looked: AtomicUsize::new(KEPT) }
    }

    /// Counts so many; refuses them with 429 when there were too many before, with 413 when there always will be.
    pub fn take(&self, key: &K, count: NonZeroU32, counted: &Counted) -> Result<(), Problem> {
        self.forget();
        match self.limiter.check_key_n(key, count) {
            Ok(Ok(state)) => {
                let left = state.remaining_burst_capacity();
                let taken = self.count.get().saturating_sub(left);
                counted.note(self.left(left, self.window / self.count.get() * taken));
                Ok(())
            }
            Ok(Err(until)) => {
                let wait = until.wait_time_from(self.limiter.clock().now());
                counted.note(self.left(0, wait));
                Err(Problem::new(Code::TooManyRequests, self.refusal)
                    .hint("Wait as long as Retry-After says, then send the same request again.")
                    .retry_after(wait))
            }
            Err(_) => {
                let most = self.count;
                Err(Problem::new(
                    Code::TooLarge,
                    format!("That is more than {most} at once. {}", self.refusal),
                ))
            }
        }
    }

    fn left(&self, left: u32, until: Duration) -> Left {
        Left { name: self.name, count: self.count, window: self.window, left, until }
    }

    /// Forgets those who have all of it again.
    fn forget(&self) {
        if self.limiter.len() > self.looked.load(Ordering::Relaxed) {
            self.limiter.retain_recent();
            self.looked.store(KEPT.max(2 * self.limiter.len()), Ordering::Relaxed);
        }
    }
}

impl Rates {
    /// Nobody has asked for anything yet.
    pub fn new(limits: &Limits) -> Rates {
        let second = Duration::from_secs(1);
        Rates {
            addresses: Rate::new(
                "address",
                "Too many requests come from this address.",
                limits.requests_per_address,
                second,
            ),
            accounts: Rate::new(
                "account",
                "Too many requests come with this account's keys.",
                limits.requests_per_account,
                second,
            ),
            keys: Rate::new("key", "Too many requests come with this key.", limits.requests_per_key, second),
            browsers: Rate::new(
                "browser",
                "Too many calls with publishable keys come from this address.",
                limits.browser_calls_per_address,
                60 * second,
            ),
        }
    }

    /// Counts a request with a key.
    pub(super) fn with_key(&self, key: &Key, parts: &Parts) -> Result<(), Problem> {
        let counted = Counted::of(parts);
        self.keys.take(&key.id, NonZeroU32::MIN, &counted)?;
        self.accounts.take(&key.account, NonZeroU32::MIN, &counted)
    }

    /// Counts the calls of a browser.
    pub fn of_browser(
        &self,
        ClientAddress(address): ClientAddress,
        calls: usize,
        counted: &Counted,
    ) -> Result<(), Problem> {
        let calls = u32::try_from(calls).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        self.browsers.take(&super::client::network(address), calls, counted)
    }
}

impl Counted {
    /// Those of a request; of one that no [`layer`] has seen, none.
    pub fn of(parts: &Parts) -> Counted {
        parts.extensions.get().cloned().unwrap_or_default()
    }

    fn note(&self, left: Left) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(left);
    }

    fn write(&self, headers: &mut HeaderMap) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut left, mut policy) = (Vec::new(), Vec::new());
        for Left { name, count, window, left: rest, until } in all.iter() {
            // Whole seconds, and never too few.
            let until = until.as_secs() + u64::from(until.subsec_nanos() > 0);
            left.push(format!("\"{name}\";r={rest};t={until}"));
            policy.push(format!("\"{name}\";q={count};w={}", window.as_secs()));
        }
        for (header, items) in [(LEFT, left), (POLICY, policy)] {
            if let (false, Ok(value)) = (items.is_empty(), HeaderValue::try_from(items.join(", "))) {
                headers.insert(header, value);
            }
        }
    }
}

/// Counts the request against its address, and tells what is left of every rate that it was counted against.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let counted = Counted::default();
    parts.extensions.insert(counted.clone());
    let Ok(ClientAddress(address)) = ClientAddress::from_request_parts(&mut parts, &app).await;
    let address = holder(address, &app.config.trusted_proxy);
    let counts = |address: IpAddr| app.rates.addresses.take(&address, NonZeroU32::MIN, &counted);
    let mut response = match address.map_or(Ok(()), counts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => problem.into_response(),
    };
    counted.write(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_and_gets_it_back() {
        let rate = Rate::new("test", "Too many.", NonZeroU32::new(2).unwrap(), Duration::from_secs(3_600));
        let take = |who: &str, count| {
            rate.take(&who.to_owned(), NonZeroU32::new(count).unwrap(), &Counted::default())
                .map_err(|problem| problem.code)
        };
        assert_eq!(take("a", 1), Ok(()));
        assert_eq!(take("a", 2), Err(Code::TooManyRequests));
        assert_eq!(take("a", 1), Ok(()), "what was refused was not taken");
        assert_eq!(take("a", 1), Err(Code::TooManyRequests));
        assert_eq!(take("b", 2), Ok(()));
        assert_eq!(take("c", 3), Err(Code::TooLarge), "that many there never are");
    }

    #[test]
    fn those_who_have_all_of_it_again_are_forgotten() {
        let quick =
            Rate::new("test", "Too many.", NonZeroU32::new(1_000_000).unwrap(), Duration::from_secs(1));
        for who in 0..3 * KEPT {
            quick.take(&who, NonZeroU32::MIN, &Counted::default()).unwrap();
        }
        assert!(quick.limiter.len() <= KEPT + 1, "{}", quick.limiter.len());
    }
}
