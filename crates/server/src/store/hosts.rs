//! A database of several hosts: they are asked in their order, and one that is silent does not hold the next one up.
//!
//! tokio-postgres asks a host only when the one before has answered. One that takes connections and says nothing, as where its
//! machine hangs, or a proxy in front of it has nobody behind, would be waited for at every attempt, and for ever.

use std::time::Duration;

use futures_util::{StreamExt, stream::FuturesUnordered};
use rand::seq::SliceRandom;
use tokio::time::timeout;
use tokio_postgres::{
    Client, Config, Connection, Error, Socket,
    config::{Host, LoadBalanceHosts},
    tls::MakeTlsConnect,
};

/// How long a host has to answer before the next one is asked as well. One that is only slow may still be the first.
const AHEAD: Duration = Duration::from_secs(1);

/// A connection to the first host that gives one.
pub(in crate::store) async fn connect<T>(
    config: &Config,
    tls: T,
) -> Result<(Client, Connection<Socket, T::Stream>), Error>
where
    T: MakeTlsConnect<Socket> + Clone,
{
    let mut hosts = each(config).into_iter();
    let mut asked = FuturesUnordered::new();
    loop {
        if let Some(host) = hosts.next() {
            let tls = tls.clone();
            asked.push(async move { host.connect(tls).await });
        }
        let last = hosts.as_slice().is_empty();
        let ahead = if last { Duration::MAX } else { AHEAD };
        match timeout(ahead, asked.next()).await {
            Ok(Some(Ok(connected))) => return Ok(connected),
            Ok(Some(Err(error))) if last && asked.is_empty() => return Err(error),
            _ => {}
        }
    }
}

/// The settings of each host, in the order in which they are asked. Settings that contradict each other stay as they are:
/// tokio-postgres says what is wrong with them.
fn each(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    let fits = |number: usize| number == 0 || number == count;
    if count < 2 || !fits(hosts.len()) || !fits(addresses.len()) || !(fits(ports.len()) || ports.len() == 1) {
        return vec![config.clone()];
    }
    let mut each: Vec<Config> = (0..count).map(|at| alone(config, at)).collect();
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
        each.shuffle(&mut rand::rng());
    }
    each
}

/// The settings of one host. A host can be added to settings, but none taken away.
fn alone(config: &Config, at: usize) -> Config {
    let mut one = Config::new();
    match config.get_hosts().get(at) {
        Some(Host::Tcp(name)) => drop(one.host(name)),
        Some(Host::Unix(path)) => drop(one.host_path(path)),
        None => {}
    }
    let ports = config.get_ports();
    config.get_hostaddrs().get(at).map(|address| one.hostaddr(*address));
    ports.get(at).or(ports.first()).map(|port| one.port(*port));
    config.get_user().map(|user| one.user(user));
    config.get_password().map(|password| one.password(password));
    config.get_dbname().map(|name| one.dbname(name));
    config.get_options().map(|options| one.options(options));
    config.get_application_name().map(|name| one.application_name(name));
    config.get_connect_timeout().map(|time| one.connect_timeout(*time));
    config.get_tcp_user_timeout().map(|time| one.tcp_user_timeout(*time));
    config.get_keepalives_interval().map(|time| one.keepalives_interval(time));
    config.get_keepalives_retries().map(|count| one.keepalives_retries(count));
    one.keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding())
        .load_balance_hosts(config.get_load_balance_hosts());
    one
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_postgres::NoTls;

    use super::*;

    #[test]
    fn the_settings_of_one_host_are_all_of_them() {
        let rest = "user=crm password=secret dbname=db options=-cwork_mem=8MB application_name=app sslmode=require \
                    sslnegotiation=direct connect_timeout=3 tcp_user_timeout=4 keepalives=0 keepalives_idle=5 \
                    keepalives_interval=6 keepalives_retries=7 target_session_attrs=read-write channel_binding=require";
        let config = |hosts: &str| format!("{hosts} {rest}").parse::<Config>().unwrap();
        for (all, ones) in [
            ("host=db1,/run/db2 port=1,2", ["host=db1 port=1", "host=/run/db2 port=2"]),
            ("host=db1,db2 port=9", ["host=db1 port=9", "host=db2 port=9"]),
            ("host=db1,db2", ["host=db1", "host=db2"]),
            (
                "host=db1,db2 hostaddr=10.0.0.1,10.0.0.2",
                ["host=db1 hostaddr=10.0.0.1", "host=db2 hostaddr=10.0.0.2"],
            ),
            ("hostaddr=10.0.0.1,10.0.0.2", ["hostaddr=10.0.0.1", "hostaddr=10.0.0.2"]),
        ] {
            assert_eq!(each(&config(all)), ones.map(config), "{all}");
        }
        for whole in ["host=db1", "host=db1,db2 port=1,2,3", "host=db1,db2 hostaddr=10.0.0.1", ""] {
            assert_eq!(each(&config(whole)), [config(whole)], "{whole}");
        }
        let random = config("host=db1,db2,db3 load_balance_hosts=random");
        let mut firsts: Vec<_> = (0..200).map(|_| each(&random)[0].get_hosts().to_vec()).collect();
        firsts.sort_by_key(|hosts| format!("{hosts:?}"));
        firsts.dedup();
        assert_eq!(firsts.len(), 3, "each is the first now and then");
    }

    /// The first says nothing, the second refuses: it is not waited for the first once the second has been asked.
    #[tokio::test]
    async fn hosts_that_fail_are_all_asked() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let refuses = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let url = format!("host=127.0.0.1,127.0.0.1 port={},{} user=x", port(&silent), port(&refuses));
        let config: Config = url.parse().unwrap();
        let asked = tokio::spawn(async move { connect(&config, NoTls).await.map(drop) });
        let (first, _) = silent.accept().await.unwrap();
        let (second, _) = refuses.accept().await.unwrap();
        drop(second);
        assert!(!asked.is_finished(), "the first may still answer");
        drop(first);
        assert!(asked.await.unwrap().is_err());
    }
}
