//! Where a request comes from.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use super::App;
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};

/// The client's address: the peer, or what a trusted proxy says it forwarded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// What counts as one client: an IPv4 address itself, an IPv6 address's /64.
    pub fn network(self) -> IpAddr {
        network(self.0)
    }
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Ok(ClientAddress(forwarded(peer, &parts.headers, &app.config.trusted_proxy)))
    }
}

/// Walks `X-Forwarded-For` from the right as long as the speaker is trusted: what stands further left is hearsay. A hop that
/// names nobody is whoever spoke to the proxy that says so, and all of those are held to one share: that of no address.
fn forwarded(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let lines =
        headers.get_all("x-forwarded-for").iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let all = lines.collect::<Vec<_>>().join(",");
    let mut client = peer.to_canonical();
    for hop in all.split(',').rev().filter(|_| !all.is_empty()) {
        if !trusted.contains(&client) {
            break;
        }
        match address(hop.trim()) {
            Some(address) => client = address.to_canonical(),
            None => return IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        }
    }
    client
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    bare.unwrap_or(text).parse().ok().or_else(with_port)
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
    use axum::http::HeaderValue;

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
        assert_eq!(client("10.0.0.1", "9.9.9.9:1234", &["10.0.0.1"]), "9.9.9.9");
        assert_eq!(client("10.0.0.1", "[2001:db8::1]:80", &["10.0.0.1"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", "nonsense, [2001:db8::1]", &["10.0.0.1"]), "2001:db8::1");
        for nobody in ["nonsense", "unknown", "1.1.1.1,", "1.1.1.1, _hidden"] {
            assert_eq!(client("10.0.0.1", nobody, &["10.0.0.1"]), "::", "{nobody}");
        }
        assert_eq!(client("10.0.0.1", "", &["10.0.0.1"]), "10.0.0.1", "it forwards none");
        let mut odd = HeaderMap::new();
        odd.insert("x-forwarded-for", HeaderValue::from_bytes(b"\xff, 9.9.9.9").unwrap());
        let (proxy, ours) = ("10.0.0.1".parse().unwrap(), ["10.0.0.1".parse().unwrap()]);
        assert_eq!(forwarded(proxy, &odd, &ours).to_string(), "9.9.9.9");
        assert_eq!(client("::ffff:10.0.0.1", "1.1.1.1", &["10.0.0.1"]), "1.1.1.1");
    }
}
