//! Memory for a board that only this thread uses: zeroed, aligned, and taken from the system page by page as it is touched.
use crate::board::{Board, BoardSpec};
use crate::error::Result;
use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error, Layout};
use std::ptr::NonNull;

/// A board and its memory.
pub(super) struct Private {
    // Before the memory, which it points into.
    board: Board,
    _memory: Memory,
}

struct Memory {
    base: NonNull<u8>,
    layout: Layout,
}

impl Private {
    pub(super) fn new(spec: &BoardSpec<'_>) -> Result<Private> {
        let memory = Memory::new(spec.bytes()? as usize);
        // SAFETY: fresh, zeroed, aligned memory of this length that nobody else knows; it is kept beside the board, which is
        // dropped first.
        let board = unsafe { Board::create(memory.base.as_ptr(), memory.layout.size(), spec) }?;
        Ok(Private { board, _memory: memory })
    }

    pub(super) fn board(&self) -> &Board {
        &self.board
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
