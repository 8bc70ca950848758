use super::{cut, Grants, Host};

#[test]
fn blocks_cover_all_elements_and_shrink() {
    for (elements, hosts, least) in
        [(0, 3, 2), (1, 3, 2), (2, 2, 1), (10_000, 2, 8), (1 << 60, 1000, 64), (7, 0, 0)]
    {
        let ends = cut(elements, hosts, least);
        assert_eq!(ends.last().copied().unwrap_or(0), elements);
        let mut sizes: Vec<u64> =
            ends.iter().scan(0, |from, &end| Some(end - std::mem::replace(from, end))).collect();
        sizes.pop();
        assert!(sizes.iter().all(|&size| size >= least.max(1)));
        assert!(sizes.is_sorted_by(|a, b| a >= b));
        assert!(sizes.len() < 300_000);
    }
}

/// So many blocks, with hosts that joined.
fn grants_of(blocks: usize, hosts: usize) -> Grants {
    let mut grants = Grants::new(blocks);
    for host in 0..hosts {
        assert_eq!(grants.join(), Host(host as u32));
    }
    grants
}

#[test]
fn a_host_gets_first_what_it_has_then_what_nobody_has() {
    let mut grants = grants_of(4, 2);
    let data = [vec![false, false, true, false], vec![true, false, false, false]];
    let mut next = || {
        let block = grants.next(Host(0), &data).expect("a block is open");
        assert!(grants.done(Host(0), block));
        block
    };
    assert_eq!([next(), next(), next(), next()], [2, 1, 3, 0]);
}

#[test]
fn each_host_has_a_block_before_any_has_two() {
    for (blocks, hosts) in [(2, 2), (3, 2), (3, 3), (4, 3), (9, 4)] {
        let mut grants = grants_of(blocks, hosts);
        let mut had = vec![0; hosts];
        for (host, had) in had.iter_mut().enumerate() {
            *had = std::iter::from_fn(|| grants.next(Host(host as u32), &[])).count();
        }
        assert!(had.iter().all(|&had| (1..=2).contains(&had)), "{blocks} over {hosts}: {had:?}");
    }
}

#[test]
fn nothing_is_left_for_a_host_that_is_lost() {
    let mut grants = grants_of(2, 2);
    assert_eq!((grants.next(Host(0), &[]), grants.next(Host(0), &[])), (Some(0), None));
    grants.lost(Host(1));
    assert_eq!((grants.next(Host(1), &[]), grants.next(Host(0), &[])), (None, Some(1)));
}

#[test]
fn what_a_lost_host_had_is_granted_again_and_its_late_answer_is_not_used() {
    let mut grants = grants_of(2, 1);
    assert_eq!(grants.next(Host(0), &[]), Some(0));
    assert_eq!(grants.next(Host(0), &[]), Some(1));
    assert!(grants.done(Host(0), 0));
    grants.lost(Host(0));
    assert!(!grants.done(Host(0), 1));
    assert_eq!(grants.next(Host(0), &[]), None);
    let next = grants.join();
    assert_eq!(grants.next(next, &[]), Some(1));
    assert!(grants.is_under_way());
    assert!(grants.done(next, 1));
    assert!(!grants.is_under_way());
}

#[test]
fn after_a_failure_only_what_stands_before_goes_on() {
    let mut grants = grants_of(4, 2);
    for block in 0..3 {
        assert_eq!(grants.next(Host(block as u32 % 2), &[]), Some(block));
    }
    assert!(grants.failed(Host(1), 1));
    assert!(!grants.done(Host(0), 2));
    assert_eq!(grants.next(Host(1), &[]), None);
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
        let mut grants = grants_of(blocks, hosts);
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
                1..=4 => held[host].extend(grants.next(Host(host as u32), &[])),
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
