//! The guard around every method: a panic must not reach R's frames, where it would end the process.
use std::cell::RefCell;
use std::panic::{catch_unwind, AssertUnwindSafe};

use extendr_ffi::Rf_error;

use crate::r::owns_nothing;

const ROOM: usize = 256;

thread_local! {
    static MESSAGE: RefCell<[u8; ROOM]> = const { RefCell::new([0; ROOM]) };
}

/// Runs a method's body. A panic becomes an R error, once its payload is dropped. Jumps of R pass through: the body owns
/// nothing that needs dropping.
pub(super) fn guard<T, F: FnOnce() -> T>(body: F) -> T {
    const { owns_nothing::<F>() };
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => value,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            let bytes = text.unwrap_or("a panic without words").as_bytes();
            MESSAGE.with_borrow_mut(|message| {
                let len = bytes.len().min(ROOM - 1);
                message[..len].copy_from_slice(&bytes[..len]);
                message[len] = 0;
            });
            drop(panic);
            let message = MESSAGE.with(|message| message.as_ptr());
            // SAFETY: R's main thread (R called the method); the message is static and ends with a zero; this frame owns
            // nothing any more.
            unsafe { Rf_error(c"memshare, in a view: %s".as_ptr(), message.cast::<u8>()) }
        }
    }
}
