//! Many at once: slow connections, more callers than there is capacity for, and load that does not end.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::TcpStream,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, sleep},
    time::{Duration, Instant},
};

use super::{
    cluster::Cluster,
    load::Load,
    long,
    server::{Server, directory},
};

/// Callers that are as much as the server can do, or about half of it.
const CAPACITY: usize = 16;
const HALF: usize = 2;
/// The memory that the server may have while it is overloaded.
const MEMORY: u64 = 512 << 20;
/// Where that is said.
const GROUP: &str = "/sys/fs/cgroup/memory/tinycrm-faults";
/// Bodies that do not end: as many as one process may have connections, each about as large as a form may be.
const BODIES: usize = 400;
const BODY: usize = 250_000;
/// How much more memory it may have later on.
const GROWTH: u64 = 64 << 20;
/// The wait between two bytes of a slow connection.
const DROP: Duration = Duration::from_millis(500);

/// Nobody else notices those who send a byte now and then, or nothing at all, and do not read what they are answered.
#[test]
fn slow_connections_hold_nobody_up() {
    let (server, count) = (Server::start(), long("SLOW", 200));
    let (over, opened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = Load::start(&server, 4);
    let slow = thread::spawn({
        let (over, opened, port, key) = (over.clone(), opened.clone(), server.port, server.key.clone());
        move || {
            let mut slow: Vec<_> = (0..count).map(|number| Slow::open(number, port, &key)).collect();
            while !over.load(Ordering::Relaxed) {
                for slow in &mut slow {
                    if slow.stream.write_all(b"1").is_err() {
                        *slow = Slow::open(slow.number, port, &key);
                    }
                }
                opened.store(count, Ordering::Relaxed);
                sleep(DROP);
            }
        }
    });
    super::wait_until(|| opened.load(Ordering::Relaxed) == count, "all slow connections are open");
    // Longer than the headers of a request are waited for, in the long form.
    sleep(Duration::from_secs(long("AWAY", 3) as u64));
    load.goes_on();
    over.store(true, Ordering::Relaxed);
    slow.join().unwrap();
    let answers = load.answers();
    load.audit(&server, &format!("{count} slow connections"));
    assert_eq!(answers.keys().collect::<Vec<_>>(), ["acknowledged"], "everybody else is served");
}

/// A connection on which hardly anything comes.
struct Slow {
    number: usize,
    stream: TcpStream,
}

impl Slow {
    /// Of four one is slow with its headers, one with its body, one asks and never reads, and one says nothing at first.
    fn open(number: usize, port: u16, key: &str) -> Slow {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let head = format!("/v1/identify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n");
        let begin = match number % 4 {
            0 => format!("POST {head}x-slow: "),
            1 => format!("POST {head}content-type: application/json\r\ncontent-length: 1000\r\n\r\n"),
            2 => format!("GET {}\r\n", head.replace("identify", "export")),
            _ => String::new(),
        };
        // It may be closed already: then it is opened anew.
        let _ = stream.write_all(begin.as_bytes());
        Slow { number, stream }
    }
}

/// Forms that are sent but for their last byte take the memory that is counted for them, and little beside it: what is read
/// stays in no second place.
#[test]
fn bodies_that_do_not_end_take_what_is_counted() {
    let options = ["--body-memory-per-address", "128M"];
    let server = Server::with(&directory().join("data"), None, &options);
    let (before, body) = (server.memory().0, vec![b'x'; BODY]);
    let kind = "application/x-www-form-urlencoded";
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        BODY + 1
    );
    let unfinished: Vec<_> = (0..BODIES)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
            stream
        })
        .collect();
    super::wait_until(|| is_read(server.port), "all of it is read");
    let (taken, sent) = (server.memory().1 - before, (BODIES * BODY) as u64);
    println!("{BODIES} unfinished bodies: {} MiB sent, {} MiB taken", sent >> 20, taken >> 20);
    assert!(taken > sent, "they are all held");
    assert!(taken < sent * 9 / 5, "{taken} bytes of memory");
    drop(unfinished);
}

/// Whether nothing is on its way to or from a port.
fn is_read(port: u16) -> bool {
    let (sockets, port) = (fs::read_to_string("/proc/net/tcp").unwrap(), format!(":{port:04X}"));
    let mut rows = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.all(|row| {
        let ours = row[1].ends_with(&port) || row[2].ends_with(&port);
        !ours || row[4] == "00000000:00000000"
    })
}

/// Ten times as many callers as there is capacity for: the server does as much as before, in little memory, and turns
/// away whom it cannot serve. How much it does is told, and decides nothing.
#[test]
fn more_callers_than_there_is_capacity_for() {
    let cluster = Cluster::start(60);
    let server = Server::on(&cluster.url());
    let confined = confine(server.id());
    let time = Duration::from_secs(long("OVERLOAD", 3) as u64);
    let rate = |callers: usize| {
        let load = Load::start(&server, callers);
        load.goes_on();
        let (before, begin) = (load.acknowledged(), Instant::now());
        sleep(time);
        let rate = (load.acknowledged() - before) as f64 / begin.elapsed().as_secs_f64();
        (rate, load)
    };
    let (capacity, load) = rate(CAPACITY);
    load.audit(&server, &format!("{CAPACITY} callers"));
    let (goodput, load) = rate(10 * CAPACITY);
    let most = server.memory().1;
    load.audit(&server, &format!("{} callers", 10 * CAPACITY));
    println!(
        "overload: {capacity:.0} calls a second of {CAPACITY} callers, {goodput:.0} of {}: {:.0} %; at most {} MiB of memory, \
         limited by {confined}",
        10 * CAPACITY,
        100.0 * goodput / capacity,
        most >> 20
    );
    assert!(most < MEMORY, "{most} bytes of memory");
    drop(server);
    let _ = fs::remove_dir(GROUP);
}

/// Gives a process so much memory and no more, where that is allowed: root may, in most places.
fn confine(process: u32) -> &'static str {
    let set = |name: &str, value: String| fs::write(Path::new(GROUP).join(name), value);
    let confined = fs::create_dir_all(GROUP)
        .and_then(|()| set("memory.limit_in_bytes", MEMORY.to_string()))
        .and_then(|()| set("cgroup.procs", process.to_string()));
    match confined {
        Ok(()) => "a control group",
        Err(_) => "nothing, as control groups cannot be made here",
    }
}

/// Load that goes on and on takes no more memory.
#[test]
fn memory_stays_as_it_is() {
    let (server, time) = (Server::start(), long("STEADY", 6) as u64);
    let load = Load::start(&server, HALF);
    let mut seen = BTreeMap::new();
    for part in 1..=6 {
        sleep(Duration::from_secs(time) / 6);
        load.goes_on();
        seen.insert(part, server.memory().0 >> 20);
    }
    load.audit(&server, &format!("{time} s of load"));
    println!("memory, in MiB, after each sixth: {:?}", seen.values());
    assert!(seen[&6] < seen[&2] + (GROWTH >> 20), "{seen:?}");
}
