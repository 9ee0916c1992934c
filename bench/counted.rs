//! Work whose instructions `bench/guard` counts, and those of nothing around it.
//!
//! Callgrind collects inside [`counted`] alone and writes what it has at its end; perf is told by two pipes when to begin and when
//! to end. Whoever runs the program by hand sees names only.

use std::{
    env,
    fs::{File, OpenOptions},
    hint::black_box,
    io::{BufRead, BufReader, Write},
};

/// How often each piece of work is done.
const TIMES: usize = 5;

/// Does some work so often that its instructions can be told, unless `COUNTED_ONLY` names another. What is made when it is done for
/// the first time is not counted.
pub(crate) fn count<T>(name: &str, mut work: impl FnMut() -> T) {
    if env::var("COUNTED_ONLY").is_ok_and(|only| only != name) {
        return;
    }
    let mut work = || {
        black_box(work());
    };
    work();
    println!("## {name}");
    let mut perf = Perf::open();
    perf.say("enable");
    counted(&mut work);
    perf.say("disable");
}

/// What the counter looks for by its name.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    for _ in 0..TIMES {
        work();
    }
}

/// The pipes to perf and from it, where it is the counter.
struct Perf(Option<(File, BufReader<File>)>);

impl Perf {
    fn open() -> Perf {
        let pipes = env::var("COUNTED_TELL").ok().zip(env::var("COUNTED_HEAR").ok());
        Perf(pipes.map(|(tell, hear)| {
            let tell = OpenOptions::new().write(true).open(tell).expect("a pipe to perf");
            (tell, BufReader::new(File::open(hear).expect("a pipe from perf")))
        }))
    }

    /// Says a word, and waits until it has been heard.
    fn say(&mut self, word: &str) {
        if let Some((tell, hear)) = &mut self.0 {
            writeln!(tell, "{word}").expect("perf listens");
            let mut answer = Vec::new();
            hear.read_until(b'\n', &mut answer).expect("perf answers");
        }
    }
}
