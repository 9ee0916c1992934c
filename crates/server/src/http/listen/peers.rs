//! How many connections there are, and how many of them from each address: one that takes all leaves none to others.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use super::{super::client::network, descriptors};
use crate::config;

/// The connections that there are.
#[derive(Clone)]
pub(super) struct Peers(Arc<Shared>);

struct Shared {
    most: usize,
    most_of_one: usize,
    /// Behind a proxy are many clients.
    proxies: Vec<IpAddr>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// A connection that was admitted, until it is dropped.
pub(super) struct Peer {
    peers: Peers,
    network: IpAddr,
}

impl Peers {
    /// None yet.
    pub(super) fn new(limits: &config::Limits, proxies: &[IpAddr]) -> Peers {
        Peers(Arc::new(Shared {
            most: limits.connections.min(descriptors::room()),
            most_of_one: limits.connections_per_address,
            proxies: proxies.to_vec(),
            counts: Mutex::default(),
        }))
    }

    /// Admits one more, or not.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Peer> {
        let address = address.to_canonical();
        let network = network(address);
        let most_of_one = if self.0.proxies.contains(&address) { usize::MAX } else { self.0.most_of_one };
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = counts.of.get(&network).copied().unwrap_or(0);
        if counts.all >= self.0.most || of_one >= most_of_one {
            return None;
        }
        counts.all += 1;
        counts.of.insert(network, of_one + 1);
        Some(Peer { peers: self.clone(), network })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut counts = self.peers.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(count) = counts.of.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.of.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        limits: config::Limits,
    }

    #[test]
    fn one_address_leaves_room_for_others_and_a_proxy_is_many() {
        let flags = ["tinycrm", "--connections", "5", "--connections-per-address", "2"];
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        let peers = Peers::new(&Settings::parse_from(flags).limits, &[at("10.0.0.1")]);
        let first = peers.admit(at("9.9.9.9")).unwrap();
        let second = peers.admit(at("::ffff:9.9.9.9")).unwrap();
        assert!(peers.admit(at("9.9.9.9")).is_none(), "it has two");
        let proxied: Vec<Peer> = (0..3).map(|_| peers.admit(at("10.0.0.1")).unwrap()).collect();
        assert!(peers.admit(at("8.8.8.8")).is_none(), "five in all");
        drop((first, second));
        assert!(peers.admit(at("9.9.9.9")).is_some());
        drop(proxied);
        let counts = peers.0.counts.lock().unwrap();
        assert_eq!((counts.all, counts.of.len()), (0, 0));
    }
}
