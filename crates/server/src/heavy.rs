//! Work that takes a processor for more than a moment, done so that it holds up no other request.

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

/// Does it here: the runtime gives the thread's other work to another one. That costs a few microseconds where a thread for
/// blocking work costs ten and more (measured).
pub fn heavy<T>(job: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => block_in_place(job),
        _ => job(), // there is no other thread
    }
}
