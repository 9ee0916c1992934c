//! A database that is away for a while: stopped, frozen, read-only, without a connection or room to give, or another one.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::Duration,
};

use super::{
    cluster::Cluster,
    load::Load,
    long,
    server::{Server, directory},
};

/// Callers at once.
const CALLERS: usize = 6;

/// How long the database is away.
fn away() -> Duration {
    Duration::from_secs(long("AWAY", 3) as u64)
}

/// Has a fault strike a Postgres that the server was given, under load.
fn strike(fault: &str, strike: impl FnOnce(&Cluster)) {
    let cluster = Cluster::start(40);
    let server = Server::on(&cluster.url());
    let load = Load::start(&server, CALLERS);
    load.goes_on();
    strike(&cluster);
    load.goes_on();
    load.audit(&server, &format!("the database {fault} for {:?}", away()));
}

#[test]
fn the_database_is_stopped() {
    strike("stopped", |cluster| {
        cluster.end();
        sleep(away());
        cluster.begin();
    });
}

#[test]
fn the_database_is_frozen() {
    strike("frozen", |cluster| {
        cluster.signal("-STOP");
        // Longer than it is waited for.
        sleep(away() + Duration::from_secs(4));
        cluster.signal("-CONT");
    });
}

/// Whoever sets it back ends no connections: those that began meanwhile must not stay read-only.
#[test]
fn the_database_is_read_only() {
    strike("read-only", |cluster| {
        cluster.execute(&["alter database postgres set default_transaction_read_only = on"]);
        cluster.cut();
        sleep(away());
        cluster.execute(&[
            "set default_transaction_read_only = off",
            "alter database postgres reset default_transaction_read_only",
        ]);
    });
}

#[test]
fn the_database_has_no_connections_to_give() {
    strike("out of connections", |cluster| cluster.crowd(away()));
}

#[test]
fn another_database_takes_over() {
    takes_over("of one that ended", Cluster::end);
}

/// Its machine still takes connections, and nobody answers there.
#[test]
fn another_database_takes_over_from_one_that_is_silent() {
    takes_over("of one that is silent", |first| first.signal("-STOP"));
}

fn takes_over(whose: &str, strike: impl Fn(&Cluster)) {
    let (mut first, times) = (Cluster::start(60), long("FAILOVERS", 1));
    let mut second = first.standby();
    let server = Server::on(&first.url_with(&second));
    let load = Load::start(&server, CALLERS);
    for time in 0..times {
        load.goes_on();
        strike(&first);
        second.promote();
        load.goes_on();
        if time + 1 < times {
            let port = first.port;
            first = second;
            second = first.standby_at(port);
        }
    }
    load.audit(&server, &format!("another database took the place {whose} {times} times"));
}

/// The server's own Postgres, on a file system of a few hundred megabytes.
#[test]
fn the_disk_is_full() {
    let Some(disk) = Disk::mount("400m") else { return };
    let server = Server::with(&disk.0.join("data"), None, &[]);
    let load = Load::start(&server, CALLERS);
    load.goes_on();
    let filler = disk.0.join("filler");
    fill(&filler);
    sleep(away());
    fs::remove_file(filler).unwrap();
    load.goes_on();
    load.audit(&server, &format!("the disk full for {:?}", away()));
}

/// Writes until nothing goes any more, and again, for the database frees some now and then.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [1 << 20, 1 << 12, 1 << 12] {
        while file.write_all(&vec![1; size]).is_ok() {}
        sleep(Duration::from_millis(500));
    }
}

/// A file system in memory, which only root may mount.
struct Disk(PathBuf);

impl Disk {
    fn mount(size: &str) -> Option<Disk> {
        let place = directory();
        let options = format!("size={size},mode=755");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&place).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Disk(place)),
            other => {
                println!("the_disk_is_full is left out: nothing can be mounted here: {other:?}");
                let _ = fs::remove_dir(&place);
                None
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
        let _ = fs::remove_dir(&self.0);
    }
}
