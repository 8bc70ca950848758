//! Edges, orders, cycles and paths.
use super::{Access, Dependence, Graph, GraphBuilder, Resource, Scope, TaskKind};
use crate::id::{ResourceId, StageId, TaskId};
use proptest::prelude::*;
use Access::{Free, Read, Write};

fn resource(name: &str, scope: Scope) -> Resource {
    Resource { name: name.into(), bytes: 1_500, scope }
}

/// A builder with `count` scoped resources a, b, c...
fn scoped(count: u8) -> (GraphBuilder, Vec<ResourceId>) {
    let mut builder = GraphBuilder::new();
    let names = (0..count).map(|nth| char::from(b'a' + nth).to_string());
    let ids = names.map(|name| builder.resource(resource(&name, Scope::Scoped))).collect();
    (builder, ids)
}

fn map(builder: &mut GraphBuilder, pass: u32, accesses: Vec<(ResourceId, Access)>) -> TaskId {
    builder.task(TaskKind::Map(StageId(pass)), format!("map {pass}"), accesses)
}

fn before(graph: &Graph, task: TaskId) -> Vec<(u32, Dependence)> {
    let mut before: Vec<_> = graph.predecessors(task).map(|(task, why)| (task.0, why)).collect();
    before.sort_unstable_by_key(|(task, _)| *task);
    before
}

#[test]
fn edges_follow_from_accesses() {
    let (mut builder, ids) = scoped(2);
    let (a, b) = (ids[0], ids[1]);
    let share = builder.task(TaskKind::Share(a), "share a", vec![(a, Write)]);
    let first = map(&mut builder, 0, vec![(a, Read), (b, Write)]);
    let second = map(&mut builder, 1, vec![(a, Read), (b, Read)]);
    let again = builder.task(TaskKind::Share(a), "share a again", vec![(a, Write)]);
    let end = builder.task(TaskKind::Release(a), "release a", vec![(a, Free)]);
    let graph = builder.build().expect("a graph");
    assert_eq!(before(&graph, share), []);
    assert_eq!(before(&graph, first), [(0, Dependence::ReadAfterWrite)]);
    assert_eq!(before(&graph, second), [(0, Dependence::ReadAfterWrite), (1, Dependence::ReadAfterWrite)]);
    assert_eq!(before(&graph, again), [(1, Dependence::WriteAfterRead), (2, Dependence::WriteAfterRead)]);
    assert_eq!(before(&graph, end), [(3, Dependence::WriteAfterWrite)]);
    assert_eq!(graph.order(), [share, first, second, again, end]);
    assert_eq!(graph.consumers(a).collect::<Vec<_>>(), [first, second]);
    assert_eq!(graph.producers(a).collect::<Vec<_>>(), [share, again]);
}

#[test]
fn a_pass_may_be_named_before_the_one_it_reads() {
    let (mut builder, ids) = scoped(1);
    let pinned = builder.resource(resource("x", Scope::Pinned));
    let reader = map(&mut builder, 0, vec![(ids[0], Read)]);
    let maker = map(&mut builder, 1, vec![(pinned, Read), (ids[0], Write)]);
    let end = builder.task(TaskKind::Release(ids[0]), "release", vec![(ids[0], Free)]);
    let graph = builder.build().expect("a graph");
    assert_eq!(graph.order(), [maker, reader, end]);
    assert_eq!((graph.step(maker), graph.step(reader), graph.step(end)), (0, 1, 2));
}

#[test]
fn what_cannot_run_is_said_by_name() {
    let error = |builder: GraphBuilder| builder.build().expect_err("no graph").to_string();

    let (mut builder, ids) = scoped(2);
    map(&mut builder, 0, vec![(ids[0], Read), (ids[1], Write)]);
    map(&mut builder, 1, vec![(ids[1], Read), (ids[0], Write)]);
    assert!(error(builder).contains("waits for itself: map 0 <-> map 1"));

    let (mut builder, ids) = scoped(1);
    map(&mut builder, 0, vec![(ids[0], Read), (ids[0], Write)]);
    assert!(error(builder).contains("waits for itself: map 0"), "a pass over its own result");

    let (mut builder, ids) = scoped(1);
    map(&mut builder, 0, vec![(ids[0], Read)]);
    assert!(error(builder).contains("nothing makes 'a'"));

    let (mut builder, _) = scoped(1);
    map(&mut builder, 0, vec![(ResourceId(7), Read)]);
    assert!(error(builder).contains("'map 0' uses resource 7"));

    let (mut builder, ids) = scoped(1);
    map(&mut builder, 0, vec![(ids[0], Write)]);
    builder.task(TaskKind::Release(ids[0]), "release a", vec![(ids[0], Free)]);
    map(&mut builder, 1, vec![(ids[0], Read)]);
    assert!(error(builder).contains("'map 1' uses 'a' after 'release a'"));

    let mut builder = GraphBuilder::new();
    for _ in 0..2 {
        builder.resource(Resource { bytes: u64::MAX, ..resource("huge", Scope::Scoped) });
    }
    assert!(error(builder).contains("more than 2^64 bytes"));
}

#[test]
fn the_critical_path_is_the_longest() {
    let (mut builder, ids) = scoped(3);
    let (a, b, c) = (ids[0], ids[1], ids[2]);
    let share = builder.task(TaskKind::Share(a), "share", vec![(a, Write)]);
    let cheap = map(&mut builder, 0, vec![(a, Read), (b, Write)]);
    let dear = map(&mut builder, 1, vec![(a, Read), (c, Write)]);
    let last = map(&mut builder, 2, vec![(b, Read), (c, Read)]);
    let graph = builder.build().expect("a graph");
    let cost = |task| if task == dear { 50 } else { 7 };
    assert_eq!(graph.critical_path(cost), (vec![share, dear, last], 64));
    assert_eq!(
        graph.critical_path(|task| u64::from(task == cheap)).0,
        [share, cheap],
        "the first of equal ends"
    );
    let empty = GraphBuilder::new().build().expect("an empty graph");
    assert_eq!(empty.critical_path(|_| 1), (vec![], 0));
}

proptest! {
    /// Against an oracle that walks the accesses one by one: whoever conflicts is ordered as the program is.
    #[test]
    fn conflicting_tasks_keep_the_programs_order(
        accesses in prop::collection::vec(prop::collection::vec((0u32..4, any::<bool>()), 0..4), 1..25),
    ) {
        let mut builder = GraphBuilder::new();
        for nth in 0..4 {
            // Pinned: there from the start, so that reading before writing is no wish for a later maker.
            builder.resource(resource(&nth.to_string(), Scope::Pinned));
        }
        for (pass, accesses) in accesses.iter().enumerate() {
            let list = accesses.iter().map(|&(r, write)| (ResourceId(r), if write { Write } else { Read })).collect();
            map(&mut builder, pass as u32, list);
        }
        let graph = builder.build().expect("program order is an order");
        let mut place = vec![0; accesses.len()];
        for (nth, task) in graph.order().iter().enumerate() {
            place[task.index()] = nth;
        }
        for (late, later) in accesses.iter().enumerate() {
            for (early, earlier) in accesses[..late].iter().enumerate() {
                let conflict = later.iter().any(|&(r, w)| earlier.iter().any(|&(s, v)| r == s && (w || v)));
                if conflict {
                    prop_assert!(place[early] < place[late]);
                    prop_assert!(graph.step(TaskId(early as u32)) < graph.step(TaskId(late as u32)));
                }
            }
        }
    }
}
