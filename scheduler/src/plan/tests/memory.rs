//! Lives, peaks, drains and budgets.
use super::sketch;
use crate::plan::{compile, CallSpec};

#[test]
fn a_resource_dies_at_its_last_reader() {
    // a -> b -> c -> d: each of 100 bytes, never more than two at a time.
    for edge in [".", "*"] {
        let mut spec = sketch(&format!(
            "a 100: X =100
             b 100: {edge}a =100
             c 100: {edge}b =100
             d 100: {edge}c =100"
        ));
        spec.resources[0].bytes = 100;
        let spec = CallSpec { fuse: false, ..spec };
        assert_eq!(compile(spec).expect("a plan").peak_bytes(), 200);
    }
}
