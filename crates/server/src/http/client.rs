//! Where a request comes from, and how often it may come.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};
use governor::{
    NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::HashMapStateStore,
};

use super::{App, Code, Problem};

/// More addresses than this are kept only as long as they are limited.
const KEPT_MAX: usize = 10_000;

/// The client's address: the peer, or what a trusted proxy says it forwarded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Ok(ClientAddress(forwarded(peer, &parts.headers, &app.config.trusted_proxy)))
    }
}

/// Walks `X-Forwarded-For` from the right as long as the speaker is trusted: what stands further left is hearsay.
fn forwarded(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut client = peer.to_canonical();
    for hop in hops.iter().rev() {
        if !trusted.contains(&client) {
            break;
        }
        let Ok(address) = hop.parse::<IpAddr>() else { break };
        client = address.to_canonical();
    }
    client
}

/// How often each address may do something. An IPv6 client has a /64 to choose from, so that is what counts.
pub struct AddressLimit(RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>);

impl AddressLimit {
    /// At most `per_second` in the long run, `burst` at once.
    pub fn per_second(per_second: NonZeroU32, burst: NonZeroU32) -> AddressLimit {
        AddressLimit(RateLimiter::hashmap(Quota::per_second(per_second).allow_burst(burst)))
    }

    /// At most `per_minute` in the long run, and as many at once.
    pub fn per_minute(per_minute: NonZeroU32) -> AddressLimit {
        AddressLimit(RateLimiter::hashmap(Quota::per_minute(per_minute)))
    }

    /// Counts one; refuses it with 429 when there were too many.
    pub fn check(&self, ClientAddress(address): ClientAddress) -> Result<(), Problem> {
        if self.0.len() > KEPT_MAX {
            self.0.retain_recent();
        }
        self.0.check_key(&network(address)).map_err(|until| {
            Problem::new(Code::TooManyRequests, "Too many requests come from this address.")
                .hint("Wait as long as Retry-After says, then send the same request again.")
                .retry_after(wait(&until, self.0.clock()))
        })
    }
}

/// How long until one more is allowed.
pub(super) fn wait(until: &NotUntil<<DefaultClock as Clock>::Instant>, clock: &DefaultClock) -> Duration {
    until.wait_time_from(clock.now())
}

/// An IPv4 address itself, an IPv6 address's /64.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, header: &str, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", header.parse().unwrap());
        let trusted: Vec<IpAddr> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        forwarded(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn forwarded_for_is_believed_only_from_trusted_proxies() {
        assert_eq!(client("9.9.9.9", "1.1.1.1", &[]), "9.9.9.9");
        assert_eq!(client("10.0.0.1", "1.1.1.1", &["10.0.0.1"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", "6.6.6.6, 1.1.1.1", &["10.0.0.1"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", &["10.0.0.1", "10.0.0.2"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", "nonsense", &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", "1.1.1.1", &["10.0.0.1"]), "1.1.1.1");
    }

    #[test]
    fn a_limit_counts_each_address_and_each_ipv6_network() {
        let limit = AddressLimit::per_minute(NonZeroU32::MIN);
        let at = |text: &str| ClientAddress(text.parse().unwrap());
        assert!(limit.check(at("1.1.1.1")).is_ok());
        assert_eq!(limit.check(at("1.1.1.1")).unwrap_err().code, Code::TooManyRequests);
        assert!(limit.check(at("1.1.1.2")).is_ok());
        assert!(limit.check(at("2001:db8::1")).is_ok());
        assert!(limit.check(at("2001:db8::2")).is_err());
    }
}
