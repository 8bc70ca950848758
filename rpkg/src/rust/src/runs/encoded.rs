//! An object of a call as it will lie in its page: for one run, or for all runs of a plan.

use scheduler::page::{Blob, BlobWriter};

use crate::codec::{self, References};
use crate::r::{Result, Sexp};

/// An object as it will lie in its page, and the pages that it refers to.
pub(super) type Encoded = (Blob, References);

/// What data is brought into shared memory for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One run, with which it goes.
    Run,
    /// A plan, which keeps it for all of its runs.
    Plan,
    /// None: the plan is looked at, for hosts ran it.
    Shown,
}

/// An object as it will lie in its page. For a plan, what may be written into between its runs is copied.
pub(super) fn encoded(object: Sexp, purpose: Purpose) -> Result<Encoded> {
    let mut writer = BlobWriter::new();
    let mut references = match purpose {
        Purpose::Run => References::locking(),
        Purpose::Plan | Purpose::Shown => References::default(),
    };
    codec::encode_data(object, &mut writer, Some(&mut references))?;
    Ok((writer.finish(), references))
}
