//! The board's tests: by hand, by threads, against an oracle, and (under `--cfg loom`) by all interleavings.
#[cfg(not(loom))]
mod by_hand;
#[cfg(not(loom))]
mod damage;
#[cfg(loom)]
mod model;
#[cfg(not(loom))]
mod oracle;
#[cfg(not(loom))]
mod pieces;
#[cfg(not(loom))]
mod threads;

#[cfg(not(loom))]
pub(crate) use bench::*;

#[cfg(not(loom))]
mod bench {
    use crate::board::{BoardReader, BoardSpec, Delivered, ElementPosition, Lease, Output, Span, StageSpec};
    use crate::board::{SupervisorBoard, WorkerBoard};
    use crate::policy::Policy;
    use std::alloc::{alloc_zeroed, dealloc, Layout};

    /// Zeroed memory as a segment would give it.
    pub(crate) struct Memory {
        pub(crate) base: *mut u8,
        pub(crate) len: usize,
    }

    impl Memory {
        pub(crate) fn new(len: usize) -> Memory {
            // SAFETY: the layout is not empty.
            let base = unsafe { alloc_zeroed(Layout::from_size_align(len, 4096).expect("a layout")) };
            assert!(!base.is_null(), "out of memory");
            Memory { base, len }
        }
    }

    impl Drop for Memory {
        fn drop(&mut self) {
            // SAFETY: allocated in `new` with this layout.
            unsafe { dealloc(self.base, Layout::from_size_align(self.len, 4096).expect("a layout")) }
        }
    }

    /// A board as its supervisor and its workers have it.
    pub(crate) struct Both {
        pub(crate) supervisor: SupervisorBoard,
        pub(crate) worker: WorkerBoard,
    }

    impl std::ops::Deref for Both {
        type Target = BoardReader;

        fn deref(&self) -> &BoardReader {
            &self.supervisor
        }
    }

    /// A board over fresh memory. The board goes first.
    pub(crate) fn board(workers: u32, stages: Vec<StageSpec>, payload: &[u8]) -> (Both, Memory) {
        let spec = BoardSpec { workers, stages, payload };
        let memory = Memory::new(spec.bytes().expect("a shape") as usize);
        // SAFETY: fresh, zeroed, ours, and returned with the board.
        let supervisor = unsafe { SupervisorBoard::create(memory.base, memory.len, &spec) }.expect("a board");
        (Both { supervisor, worker: attach(&memory) }, memory)
    }

    /// Another worker's hold on the board in this memory.
    pub(crate) fn attach(memory: &Memory) -> WorkerBoard {
        // SAFETY: the memory is used by boards only, and goes after them in each of the tests.
        unsafe { WorkerBoard::attach(memory.base, memory.len) }.expect("a board")
    }

    pub(crate) fn stage(elements: u64, chunk: u64) -> StageSpec {
        StageSpec::new(elements, Policy::fixed(chunk), 2)
    }

    /// Completes a lease with its own range as output, so that tests can tell whose it is.
    pub(crate) fn complete(board: &WorkerBoard, lease: &Lease) -> bool {
        let output = Output { at: 2 * lease.start, len: lease.end - lease.start, ..Output::default() };
        let span = Span { started_ns: 1_000, ended_ns: 1_000 + output.len };
        board.complete(lease, &Delivered { outputs: &[output], span, ..Delivered::default() })
    }

    /// An element of a stage's first step.
    pub(crate) fn at(element: u64) -> ElementPosition {
        ElementPosition { step: 0, element }
    }
}
