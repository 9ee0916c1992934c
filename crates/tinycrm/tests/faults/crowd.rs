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

use super::{cluster::Cluster, load::Load, long, server::Server};

/// Callers that are as much as the server can do, or about half of it.
const CAPACITY: usize = 16;
const HALF: usize = 2;
/// The memory that the server may have while it is overloaded.
const MEMORY: u64 = 512 << 20;
/// Where that is said.
const GROUP: &str = "/sys/fs/cgroup/memory/tinycrm-faults";
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
