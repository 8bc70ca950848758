mod call_log;

use super::{cut, phases, Grants, Host, Reads, Size};

#[test]
fn blocks_cover_all_elements_and_shrink() {
    for (elements, hosts, least) in
        [(0, 3, 2), (1, 3, 2), (2, 2, 1), (10_000, 2, 8), (1 << 60, 1000, 64), (7, 0, 0)]
    {
        let ends = cut(elements, hosts, least, 1);
        assert_eq!(ends.last().copied().unwrap_or(0), elements);
        let mut sizes: Vec<u64> =
            ends.iter().scan(0, |from, &end| Some(end - std::mem::replace(from, end))).collect();
        sizes.pop();
        assert!(sizes.iter().all(|&size| size >= least.max(1)));
        assert!(sizes.is_sorted_by(|a, b| a >= b));
        assert!(sizes.len() < 300_000);
    }
}

#[test]
fn blocks_end_where_folds_do() {
    for (elements, unit) in [(5000, 16), (5000, 256), (100, 256), (0, 16), (u64::MAX - 5, 1 << 20)] {
        let ends = cut(elements, 3, 2, unit);
        let (last, others) = ends.split_last().map_or((0, &[][..]), |(last, others)| (*last, others));
        assert_eq!(last, elements);
        assert!(others.iter().all(|end| end % unit == 0));
    }
}

#[test]
fn what_is_read_as_a_whole_is_of_an_earlier_phase() {
    let pass = |elements, each: &[usize], whole: &[usize]| Reads {
        elements,
        each: each.to_vec(),
        whole: whole.to_vec(),
    };
    assert!(phases(&[]).is_empty());
    // Element by element, and beside it: one phase.
    assert_eq!(phases(&[pass(9, &[], &[]), pass(9, &[0], &[]), pass(9, &[], &[])]), [0, 0, 0]);
    // Folds, the last step, and who reads that; other elements are a phase of their own.
    let passes =
        [pass(9, &[], &[]), pass(9, &[0], &[]), pass(1, &[], &[1]), pass(9, &[0], &[2]), pass(4, &[], &[])];
    assert_eq!(phases(&passes), [1, 1, 2, 3, 0]);
    // What reads an earlier phase element by element is not later for it.
    assert_eq!(phases(&[pass(9, &[], &[]), pass(9, &[], &[0]), pass(9, &[0, 1], &[])]), [0, 1, 1]);
}

/// Bytes a second.
const RATE: f64 = 1e8;

/// So many blocks of `elements` with so much data, and hosts that have that of these blocks.
fn grants_with(blocks: usize, bytes: u64, data: &[&[usize]]) -> Grants {
    let mut grants = Grants::new(vec![Size { elements: 10, bytes }; blocks]);
    for (host, has) in data.iter().enumerate() {
        let has: Vec<bool> = (0..blocks).map(|block| has.contains(&block)).collect();
        assert_eq!(grants.join(&has), Host(host as u32));
    }
    grants
}

fn grants_of(blocks: usize, hosts: usize) -> Grants {
    grants_with(blocks, 0, &vec![&[][..]; hosts])
}

fn next(grants: &mut Grants, host: u32) -> Option<usize> {
    grants.next(Host(host), 0.0, RATE)
}

#[test]
fn a_host_gets_first_what_it_has_then_what_nobody_has() {
    let mut grants = grants_with(4, 1 << 20, &[&[2], &[0]]);
    assert_eq!((next(&mut grants, 0), next(&mut grants, 0)), (Some(2), Some(1)));
    assert_eq!((next(&mut grants, 1), next(&mut grants, 1)), (Some(0), Some(3)));
}

/// Host 0 is through with what it has the data of. Host 1 did one block, is at two, and has the data of two more.
fn with_an_idle_host(bytes: u64) -> Grants {
    let mut grants = grants_with(6, bytes, &[&[0], &[1, 2, 3, 4, 5]]);
    assert_eq!((next(&mut grants, 0), next(&mut grants, 1)), (Some(0), Some(1)));
    assert!(grants.done(Host(0), 0) && grants.done(Host(1), 1));
    assert_eq!((next(&mut grants, 1), next(&mut grants, 1)), (Some(2), Some(3)));
    grants
}

#[test]
fn data_that_lies_elsewhere_is_not_moved_where_its_host_is_soon_there() {
    let mut grants = with_an_idle_host(1 << 20);
    // Three blocks in that time, so that the other two are done in less than a second.
    assert_eq!(grants.next(Host(0), 1.4, RATE), None);
    assert_eq!(grants.next(Host(0), 3.0, RATE), Some(5));
    // A lost host has nothing.
    grants.lost(Host(0));
    assert!(grants.done(Host(1), 2));
    assert_eq!((next(&mut grants, 1), next(&mut grants, 1)), (Some(4), None));
}

#[test]
fn data_that_takes_long_to_move_stays() {
    let mut grants = with_an_idle_host(1 << 30);
    assert_eq!(grants.next(Host(0), 9.0, RATE), None);
    assert_eq!(grants.next(Host(0), 9.0, 100.0 * RATE), Some(5));
}

#[test]
fn little_data_goes_to_who_is_idle() {
    let mut grants = with_an_idle_host(100);
    assert_eq!(grants.next(Host(0), 0.1, RATE), Some(5));
    // Who has work takes no more of it.
    assert_eq!(grants.next(Host(0), 0.1, RATE), None);
}

#[test]
fn what_only_a_lost_host_has_is_sent_again() {
    let mut grants = with_an_idle_host(1 << 30);
    grants.lost(Host(1));
    assert_eq!((next(&mut grants, 0), next(&mut grants, 0)), (Some(2), Some(3)));
}

#[test]
fn each_host_has_a_block_before_any_has_two() {
    for (blocks, hosts) in [(2, 2), (3, 2), (3, 3), (4, 3), (9, 4)] {
        let mut grants = grants_of(blocks, hosts);
        let had: Vec<_> =
            (0..hosts as u32).map(|host| std::iter::from_fn(|| next(&mut grants, host)).count()).collect();
        assert!(had.iter().all(|had| (1..=2).contains(had)), "{blocks} over {hosts}: {had:?}");
    }
}

#[test]
fn nothing_is_left_for_a_host_that_is_lost() {
    let mut grants = grants_of(2, 2);
    assert_eq!((next(&mut grants, 0), next(&mut grants, 0)), (Some(0), None));
    grants.lost(Host(1));
    assert_eq!((next(&mut grants, 1), next(&mut grants, 0)), (None, Some(1)));
}

#[test]
fn what_a_lost_host_had_is_granted_again_and_its_late_answer_is_not_used() {
    let mut grants = grants_of(2, 1);
    assert_eq!(next(&mut grants, 0), Some(0));
    assert_eq!(next(&mut grants, 0), Some(1));
    assert!(grants.done(Host(0), 0));
    grants.lost(Host(0));
    assert!(!grants.done(Host(0), 1));
    assert_eq!(next(&mut grants, 0), None);
    let late = grants.join(&[]);
    assert_eq!(next(&mut grants, late.0), Some(1));
    assert!(grants.is_under_way());
    assert!(grants.done(late, 1));
    assert!(!grants.is_under_way());
}

#[test]
fn after_a_failure_only_what_stands_before_goes_on() {
    let mut grants = grants_of(4, 2);
    for block in 0..3 {
        assert_eq!(next(&mut grants, block as u32 % 2), Some(block));
    }
    assert!(grants.failed(Host(1), 1));
    assert!(!grants.done(Host(0), 2));
    assert_eq!(next(&mut grants, 1), None);
    assert!(grants.is_under_way());
    assert!(grants.done(Host(0), 0));
    assert!(!grants.is_under_way());
}

/// By seed: hosts ask, hand in and are lost in any order. Each block is done once, unless all hosts are lost.
#[test]
fn every_block_is_done_once_whoever_is_lost() {
    for seed in 1..2000_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut below = |n: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % n
        };
        let (blocks, hosts) = (1 + below(20) as usize, 1 + below(5) as usize);
        let data: Vec<Vec<usize>> =
            (0..hosts).map(|_| (0..blocks).filter(|_| below(3) == 0).collect()).collect();
        let data: Vec<&[usize]> = data.iter().map(Vec::as_slice).collect();
        let mut grants = grants_with(blocks, 1 << below(30), &data);
        let mut held = vec![Vec::new(); hosts];
        let mut done = vec![0; blocks];
        let mut alive: Vec<usize> = (0..hosts).collect();
        while grants.is_under_way() && !alive.is_empty() {
            let at = below(alive.len() as u64) as usize;
            let host = alive[at];
            match below(10) {
                0 => {
                    grants.lost(Host(host as u32));
                    alive.swap_remove(at);
                }
                1..=4 => {
                    let now = below(100) as f64;
                    held[host].extend(grants.next(Host(host as u32), now, RATE));
                }
                _ => {
                    if let Some(block) = held[host].pop() {
                        assert!(grants.done(Host(host as u32), block));
                        done[block] += 1;
                    }
                }
            }
        }
        assert!(done.iter().all(|&times| times == 1) || alive.is_empty());
        assert!(done.iter().all(|&times| times <= 1));
    }
}
