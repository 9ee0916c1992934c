//! What the requests of an address may take, and what is said when it is too much.

use std::net::IpAddr;

use super::{Code, Problem, client::ClientAddress, client::network};
use crate::{
    budget::{Full, Part, Share},
    config,
};

/// The budgets of HTTP.
pub struct Budget {
    /// Bytes of bodies that are read or worked on.
    bytes: Share<IpAddr>,
    proxies: Vec<IpAddr>,
}

impl Budget {
    /// Nothing is taken yet.
    pub fn new(config: &config::Server) -> Budget {
        let (all, one) = (config.limits.body_memory.0, config.limits.body_memory_per_address.0);
        let units = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Budget { bytes: Share::new(units(all), units(one)), proxies: config.trusted_proxy.clone() }
    }

    /// The bytes of bodies that are held just now.
    pub fn bytes_in_flight(&self) -> usize {
        self.bytes.taken_by_all()
    }

    /// A part of the bytes in flight, which grows with a body.
    pub(super) fn body(&self, ClientAddress(address): ClientAddress) -> Result<Part<IpAddr>, Problem> {
        self.bytes.take(holder(address, &self.proxies), 0).map_err(too_much)
    }
}

/// Who is held to one's share: an address, of IPv6 its /64. Behind a proxy that forwards no address are many.
pub(super) fn holder(address: IpAddr, proxies: &[IpAddr]) -> Option<IpAddr> {
    let address = address.to_canonical();
    (!proxies.contains(&address)).then(|| network(address))
}

/// There is no room for more of a body.
pub(super) fn too_much(full: Full) -> Problem {
    match full {
        Full::One => Problem::new(
            Code::TooManyRequests,
            "The bodies that this address is sending are together as large as those of one address may be.",
        )
        .hint("Wait until some of them have been answered, then send the same request again."),
        Full::All => Problem::new(Code::Busy, "The server is reading as much as it may at once.")
            .hint("Nothing was stored. Send the same request again after Retry-After."),
    }
}
