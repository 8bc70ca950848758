//! Memory for a board that only this thread uses: zeroed, aligned, and taken from the system page by page as it is touched.
use crate::board::{BoardSpec, SupervisorBoard, WorkerBoard};
use crate::error::Result;
use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error, Layout};
use std::ptr::NonNull;

/// A board and its memory.
pub(super) struct Private {
    // Before the memory, which they point into.
    supervisor: SupervisorBoard,
    worker: WorkerBoard,
    _memory: Memory,
}

struct Memory {
    base: NonNull<u8>,
    layout: Layout,
}

impl Private {
    pub(super) fn new(spec: &BoardSpec<'_>) -> Result<Private> {
        let memory = Memory::new(spec.bytes()? as usize);
        let (base, len) = (memory.base.as_ptr(), memory.layout.size());
        // SAFETY: fresh, zeroed, aligned memory of this length that nobody else knows; it is kept beside the board, which is
        // dropped first.
        let supervisor = unsafe { SupervisorBoard::create(base, len, spec) }?;
        // SAFETY: the same memory, which holds a board now.
        let worker = unsafe { WorkerBoard::attach(base, len) }?;
        Ok(Private { supervisor, worker, _memory: memory })
    }

    /// The board for the engine.
    pub(super) fn supervisor(&self) -> &SupervisorBoard {
        &self.supervisor
    }

    /// The board for the workers, all of which are this process.
    pub(super) fn worker(&self) -> &WorkerBoard {
        &self.worker
    }
}

impl Memory {
    fn new(bytes: usize) -> Memory {
        // A board has a header, so it is never empty; its length is checked to be below `isize::MAX`.
        let layout = Layout::from_size_align(bytes.max(64), 4096).expect("a board's length is bounded");
        // SAFETY: the layout is not empty.
        let base = unsafe { alloc_zeroed(layout) };
        let Some(base) = NonNull::new(base) else { handle_alloc_error(layout) };
        Memory { base, layout }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this very layout, and freed once.
        unsafe { dealloc(self.base.as_ptr(), self.layout) }
    }
}
