//! Whether a parser asks for more memory at once than its bytes can need.
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// The most that this thread may ask for at once, and the most that it asked for beyond.
    static MOST: Cell<usize> = const { Cell::new(usize::MAX) };
    static BEYOND: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, watched: a test program names it its global one.
#[derive(Debug)]
pub struct Watched;

fn note(size: usize) {
    // A thread that ends has none of these any more.
    if MOST.try_with(Cell::get).is_ok_and(|most| size > most) {
        let _ = BEYOND.try_with(|beyond| beyond.set(beyond.get().max(size)));
    }
}

// SAFETY: all is left to the system's allocator; noting a size allocates nothing.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }
}

/// Calls `work`, which may ask for `most` bytes at once; gives what it asked for beyond, 0 where it kept to it. Sees it only in a program
/// whose allocator is [`Watched`].
pub fn beyond(most: usize, work: impl FnOnce()) -> usize {
    struct Unlimited;
    impl Drop for Unlimited {
        fn drop(&mut self) {
            MOST.set(usize::MAX);
        }
    }
    BEYOND.set(0);
    MOST.set(most);
    let unlimited = Unlimited;
    work();
    drop(unlimited);
    BEYOND.get()
}
