//! The fuzz target of records: files that somebody saved, perhaps of another version or not by us at all. What is read is shown in every
//! way there is, since views follow the numbers in it. See `scheduler::fuzz`.
use std::hint::black_box;

use scheduler::fuzz::Target;

use crate::export::{Format, Releases};
use crate::file::FORMAT;
use crate::{explain, story, Document, Record};

/// The parsers of this crate.
pub const TARGETS: &[Target] = &[Target { name: "record", run, seeds }];

/// Views grow with what a record says that there is: of more than so many workers, stages or elements they are left out.
const FEW: u64 = 10_000;

/// A record as it is, and as what stands behind a right beginning.
fn run(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), FORMAT.summed(bytes)] {
        if let Ok(record) = Record::from_bytes(&bytes, "a file") {
            show(&record);
        }
    }
}

fn show(record: &Record) {
    let document = Document::of(record);
    black_box(explain(&document).len());
    for id in ["1", "0", "f", "mu", "X", "worker 1", "chunk 1", "element 1", "stage 0", "task 0"] {
        black_box(story(&document, &record.notes, id).is_ok());
    }
    let stages = record.plan.stages().iter().map(|stage| stage.board.elements).max().unwrap_or(0);
    if u64::from(document.workers) > FEW || stages > FEW {
        return;
    }
    for (_, format) in Format::ALL {
        for releases in [Releases::Shown, Releases::LeftOut] {
            black_box(format.text(&document, releases).is_ok());
        }
    }
}

/// The records that the R package's tests open: a plan, and runs with every kind of event.
fn seeds() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../rpkg/tests/testthat/fixtures/diamond-plan.memshare").to_vec(),
        include_bytes!("../../rpkg/tests/testthat/fixtures/diamond.memshare").to_vec(),
        include_bytes!("../../rpkg/tests/testthat/fixtures/straggler.memshare").to_vec(),
        include_bytes!("../../rpkg/tests/testthat/fixtures/hosts.memshare").to_vec(),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use scheduler::fuzz::{changed, Watched};
    use scheduler::run::EventLog;

    use super::*;

    #[global_allocator]
    static WATCHED: Watched = Watched;

    /// Read once.
    static DOCUMENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| TARGETS[0].documents());

    #[test]
    fn records_that_were_saved_are_shown() {
        seeds().iter().for_each(|seed| {
            assert!(Record::from_bytes(seed, "a file").is_ok());
        });
        DOCUMENTS.iter().for_each(|document| TARGETS[0].read(document));
    }

    /// Views add these up: what overflows is no measurement.
    #[test]
    fn a_record_whose_numbers_overflow_is_refused() {
        let change = |change: fn(&mut EventLog)| {
            let mut record = Record::from_bytes(&seeds()[2], "a file").unwrap();
            change(record.log.as_mut().unwrap());
            Record::from_bytes(&record.to_bytes(), "a file")
        };
        assert!(change(|_| ()).is_ok());
        let wrong: [fn(&mut EventLog); 7] = [
            |log| log.passes.iter_mut().for_each(|pass| pass.fun_ns = u64::MAX),
            |log| log.outputs.iter_mut().for_each(|bytes| *bytes = 1 << 63),
            |log| log.chunks[0].attempt = u32::MAX,
            |log| log.stages.iter_mut().for_each(|stage| stage.lost = 1 << 40),
            |log| log.activities[0] = [u64::MAX; 6],
            |log| log.events[0].at_ns = u64::MAX,
            |log| {
                let moved = scheduler::run::Moved { from_ns: 0, until_ns: 1, bytes: u64::MAX };
                log.hosts = vec![scheduler::run::HostLife { sent: vec![moved], ..Default::default() }];
            },
        ];
        for (nth, wrong) in wrong.into_iter().enumerate() {
            let refusal = change(wrong).expect_err("no measurement").to_string();
            assert!(refusal.contains("no measurements"), "{nth}: {refusal}");
        }
    }

    #[test]
    fn a_record_that_expects_a_run_without_end_is_shown() {
        for seed in seeds() {
            let mut record = Record::from_bytes(&seed, "a file").unwrap();
            record.log = None;
            for longest in [f64::INFINITY, 1e300, f64::NAN, -1.0] {
                record.notes.iter_mut().for_each(|note| note.expected = Some((longest, longest)));
                TARGETS[0].read(&record.to_bytes());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

        #[test]
        fn a_changed_record_is_shown_or_refused(
            which in any::<prop::sample::Index>(),
            script in prop::collection::vec(any::<u8>(), 1..40),
        ) {
            TARGETS[0].read(&changed(&DOCUMENTS[which.index(DOCUMENTS.len())], &script));
        }

        #[test]
        fn any_bytes_are_a_record_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            TARGETS[0].read(&bytes);
        }
    }
}
