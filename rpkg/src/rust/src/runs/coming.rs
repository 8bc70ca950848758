//! Data whose page a run reads from its beginning on while the session's thread still writes it.

use std::sync::Arc;

use scheduler::id::ResourceId;
use scheduler::os::SegmentFile;
use scheduler::page::Streamed;
use scheduler::plan::ADVANCES;
use scheduler::run::{Copying, RunHandle};

use crate::r::{self, Failure, Result};

/// The variables of a run that are still to be written.
#[derive(Default)]
pub(super) struct Coming(Vec<One>);

struct One {
    file: SegmentFile,
    streamed: Streamed,
    copying: Arc<Copying>,
}

impl Coming {
    /// A variable whose page was made of what comes first of it. What its blob borrows stays as it is until this is dropped.
    pub(super) fn push(&mut self, id: ResourceId, file: SegmentFile, streamed: Streamed) {
        self.0.push(One { file, streamed, copying: Copying::new(id) });
    }

    /// How far each is, for the run.
    pub(super) fn copies(&self) -> Vec<Arc<Copying>> {
        self.0.iter().map(|one| Arc::clone(&one.copying)).collect()
    }

    /// Writes what is to be written, as long as the run goes on. Left with R's jump on Ctrl-C.
    pub(super) fn write(self, handle: &RunHandle, look: impl Fn() -> Result<()>) -> Result<()> {
        for One { file, streamed, copying } in self.0 {
            let complete = streamed.rest::<Failure>(&file, ADVANCES, |there| {
                copying.set_there(there);
                look()?;
                r::protect(|s| {
                    s.check_interrupt();
                    Ok(())
                })?;
                Ok(handle.goes_on())
            })?;
            if !complete {
                return Ok(());
            }
            copying.set_complete();
            look()?;
        }
        Ok(())
    }
}
