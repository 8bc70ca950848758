//! Runs over hosts on a virtual clock.
use super::*;
use crate::graph::Resource;
use crate::id::{PassId, ResourceId};
use crate::plan::PassCall;
use crate::policy::Policy;

/// `elements` of x (a byte each) with all of y (1,000 bytes), a result of 10 bytes each.
fn call(elements: u64, workers: u32) -> CallSpec {
    let variable = |name: &str, bytes| Resource { name: name.into(), bytes, scope: Scope::Scoped };
    let pass = PassCall {
        sides: vec![Source::Data(ResourceId(1))],
        policy: Policy::fixed(1),
        bytes: 10 * elements,
        ..PassCall::new("p", vec![Source::Data(ResourceId(0))], elements)
    };
    CallSpec::new(vec![variable("x", elements), variable("y", 1000)], vec![pass], vec![PassId(0)], workers)
}

fn bare(each_ns: f64) -> Model {
    let work = vec![Work::Uniform(each_ns)];
    Model { work, sizes: Vec::new(), chunk_ns: 0, join_ns: 0, join_each_ns: 0, message_ns: 0, event_ns: 0 }
}

#[test]
fn a_run_that_can_be_counted_by_hand() {
    // Two hosts of one worker, one element each, of 1 ms. 1 byte takes 1 us, a message 50 us more.
    let network = Network { bytes_per_second: 1e6, latency_ns: 50_000 };
    let run = over_hosts(&call(2, 1), &bare(1e6), 2, &network).expect("a run");
    // Host 1 has its 1,001 bytes after those of host 0; its 10 bytes come back 10 us and a way later.
    assert_eq!(run.makespan_ns, 2 * 1_001_000 + 50_000 + 1_000_000 + 10_000 + 50_000);
    assert_eq!((run.moved_bytes, run.chunks), (2 * 1001 + 20, 2));
    assert_eq!(run.bound_ns, 1_002_000);
    // Each host has y, its element of x, and a result, which takes a line.
    assert_eq!(run.peak_bytes, 1000 + 1 + 64);
    assert!((run.link - 2_002.0 / 3_112.0).abs() < 1e-9);
    assert!((run.efficiency - 2.0 / (2.0 * 3.112)).abs() < 1e-9);
}

#[test]
fn more_hosts_are_never_slower_until_the_link_is_the_bound() {
    let network = Network { bytes_per_second: 1e9, latency_ns: 100_000 };
    let times: Vec<u64> = [1, 2, 8, 64]
        .iter()
        .map(|&hosts| over_hosts(&call(20_000, 8), &bare(1e6), hosts, &network).expect("a run"))
        .inspect(|run| assert!(run.makespan_ns >= run.bound_ns))
        .map(|run| run.makespan_ns)
        .collect();
    assert!(times.windows(2).all(|pair| pair[1] < pair[0]), "{times:?}");
    assert!(times[0] > 40 * times[3], "{times:?}");
    let slow = Network { bytes_per_second: 1e4, latency_ns: 0 };
    let run = over_hosts(&call(20_000, 8), &bare(1e6), 64, &slow).expect("a run");
    assert!(run.link > 0.8 && run.makespan_ns >= run.bound_ns, "{run:?}");
}

#[test]
fn a_host_keeps_what_it_was_sent_and_the_results_of_the_blocks_that_it_has() {
    let network = Network { bytes_per_second: 1e9, latency_ns: 0 };
    let run = over_hosts(&call(1000, 1), &bare(1e6), 1, &network).expect("a run");
    // All of x and y, and of the first two blocks, 250 elements and 188, or of fewer, the results.
    assert!(run.peak_bytes >= 1000 + 1000 && run.peak_bytes <= 1000 + 1000 + 64 * 438, "{run:?}");
    let many = over_hosts(&call(1000, 1), &bare(1e6), 10, &network).expect("a run");
    assert!(many.peak_bytes < run.peak_bytes && many.peak_bytes > 1000 + 100, "{many:?}");
}

#[test]
fn elements_that_differ_are_those_of_each_block() {
    let network = Network { bytes_per_second: 1e9, latency_ns: 0 };
    let each: Vec<f64> = (0..1000).map(|i| f64::from(i % 7)).collect();
    let costs = Costs::of_doubles(&each, crate::plan::Origin::Known, Some(1e6)).expect("costs");
    let mut spec = call(1000, 4);
    spec.passes[0].costs = Some(costs.clone());
    let run =
        over_hosts(&spec, &Model { work: vec![Work::Each(costs)], ..bare(0.0) }, 5, &network).expect("a run");
    let total: f64 = each.iter().sum::<f64>() * 1e6;
    let busy = run.efficiency * run.makespan_ns as f64 * 20.0;
    assert!((busy / total - 1.0).abs() < 1e-6, "{busy} of {total}");
}

#[test]
fn what_reads_a_pass_as_a_whole_runs_behind_it_and_gets_its_values() {
    // q reads the elements of x again, and all of p's values, which came to the session and go to each host once.
    let mut spec = call(2, 1);
    spec.passes.push(PassCall { bytes: 10, ..PassCall::new("q", vec![Source::Data(ResourceId(0))], 2) });
    spec.passes[1].sides = vec![Source::Whole(PassId(0))];
    spec.gather = vec![PassId(1)];
    let network = Network { bytes_per_second: 1e6, latency_ns: 50_000 };
    let model = Model { work: vec![Work::Uniform(1e6); 2], ..bare(0.0) };
    let run = over_hosts(&spec, &model, 2, &network).expect("a run");
    let first = 2 * 1_001_000 + 50_000 + 1_000_000 + 10_000 + 50_000;
    // Of x each host has what it needs: 20 bytes of values to each, 5 of q's back from each.
    let second = 2 * 20_000 + 50_000 + 1_000_000 + 5_000 + 50_000;
    assert_eq!(run.makespan_ns, first + second);
    assert_eq!((run.moved_bytes, run.chunks), (2 * 1001 + 20 + 2 * 20 + 10, 4));
    assert!(run.makespan_ns >= run.bound_ns && run.bound_ns >= 2_000_000, "{run:?}");
}

#[test]
fn folds_have_blocks_of_their_own_values() {
    let mut spec = call(5000, 2);
    let fold = PassCall { levels: 2, bytes: 200, ..PassCall::new("f", vec![Source::Whole(PassId(0))], 5000) };
    let last = PassCall { bytes: 10, ..PassCall::new("l", vec![Source::Whole(PassId(1))], 20) };
    spec.passes.extend([fold, last]);
    spec.gather = vec![PassId(2)];
    let network = Network { bytes_per_second: 1e9, latency_ns: 1000 };
    let model = Model { work: vec![Work::Uniform(1e5), Work::Uniform(1e3), Work::Uniform(1e3)], ..bare(0.0) };
    let times = [1, 4, 16].map(|hosts| over_hosts(&spec, &model, hosts, &network).expect("a run"));
    assert!(times.windows(2).all(|pair| pair[1].makespan_ns < pair[0].makespan_ns), "{times:?}");
    assert!(times.iter().all(|run| run.makespan_ns >= run.bound_ns), "{times:?}");
}
