//! Which items of a variable an R index means: NULL for all, a vector of positions, or a list of one such for each dimension.
use extendr_ffi::{INTEGER_GET_REGION, REAL_GET_REGION};
use scheduler::page::{Selection, Stretches};

use crate::r::{protect, Failure, Kind, Preserved, Result, Sexp};

/// Positions that are read at a time: `1:n` is never made in full.
const BLOCK: usize = 4096;

/// What `index` means in a variable of so many items, an array with these extents or else a vector.
pub(crate) fn selection(index: Sexp, items: u64, dim: Option<&[u64]>) -> Result<Selection> {
    match index.kind() {
        Kind::NILSXP => Ok(Selection::items(Stretches::whole(items))),
        Kind::VECSXP => grid(index, dim.unwrap_or(&[items])),
        _ => positions(index, items, "index").map(Selection::items),
    }
}

fn grid(index: Sexp, dim: &[u64]) -> Result<Selection> {
    if index.len() != dim.len() {
        let (given, has) = (index.len(), dim.len());
        let message =
            format!("index is a list of {given}, and must have one item for each dimension of the variable, which has {has}");
        return Err(Failure::input(message));
    }
    let mut along = Vec::with_capacity(dim.len());
    for (place, &extent) in dim.iter().enumerate() {
        let axis = protect(|s| Ok(Preserved::new(s.item(index, place))))?;
        let axis = axis.get();
        let positions = match axis.kind() {
            Kind::NILSXP => Stretches::whole(extent),
            _ => positions(axis, extent, &format!("index[[{}]]", place + 1))?,
        };
        along.push((positions, extent));
    }
    Ok(Selection::grid(along))
}

/// Positions from 1 to `extent`, counted from 0 from here on. `what` names the index in errors.
fn positions(index: Sexp, extent: u64, what: &str) -> Result<Stretches> {
    let kind = index.kind();
    if !matches!(kind, Kind::INTSXP | Kind::REALSXP) {
        return Err(Failure::input(format!(
            "{what} must be whole numbers from 1 to {extent}, or NULL for all"
        )));
    }
    let (mut out, mut wrong) = (Stretches::default(), None);
    let mut block = vec![0_f64; BLOCK];
    let mut whole = vec![0_i32; BLOCK];
    protect(|_| {
        for start in (0..index.len()).step_by(BLOCK) {
            let count = BLOCK.min(index.len() - start);
            // SAFETY: R's main thread; a live vector of this type, and room for so many items.
            unsafe {
                match kind {
                    Kind::INTSXP => {
                        INTEGER_GET_REGION(index.raw(), start as isize, count as isize, whole.as_mut_ptr())
                    }
                    _ => REAL_GET_REGION(index.raw(), start as isize, count as isize, block.as_mut_ptr()),
                };
            }
            for i in 0..count {
                // R's missing integer is the lowest one.
                let number = if kind == Kind::INTSXP { f64::from(whole[i]) } else { block[i] };
                if !(number >= 1.0 && number <= extent as f64 && number.fract() == 0.0) {
                    wrong = Some((start + i, number, kind == Kind::INTSXP && whole[i] == i32::MIN));
                    return Ok(());
                }
                out.push(number as u64 - 1);
            }
        }
        Ok(())
    })?;
    let Some((place, number, missing)) = wrong else { return Ok(out) };
    let number = if missing || number.is_nan() { "missing".to_owned() } else { number.to_string() };
    Err(Failure::input(format!(
        "{what} must be whole numbers from 1 to {extent}, or NULL for all; item {} is {number}",
        place + 1
    )))
}
