// Where nodes and edges lie: layers from left to right, by dagre. Passes of one stage stand in a frame.
import { Graph, layout as dagre } from '@dagrejs/dagre';

/** `sizes(node)` gives `{width, height}`. Returns `{nodes: Map(key -> box), edges, frames, width, height}`. */
export function layout({ nodes, edges }, sizes) {
  const graph = new Graph({ compound: true });
  graph.setGraph({
    rankdir: 'LR',
    nodesep: 16,
    ranksep: 34,
    edgesep: 10,
    marginx: 16,
    marginy: 16,
    ranker: nodes.length > 150 ? 'longest-path' : 'network-simplex',
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.key, { ...sizes(node) });
  const frames = framed(nodes);
  for (const [stage, members] of frames) {
    graph.setNode(`stage:${stage}`, {});
    for (const key of members) graph.setParent(key, `stage:${stage}`);
  }
  for (const edge of edges) graph.setEdge(edge.from, edge.to, { edge });
  dagre(graph);
  const box = key => {
    const { x, y, width, height } = graph.node(key);
    return { x: x - width / 2, y: y - height / 2, width, height };
  };
  return {
    nodes: new Map(nodes.map(node => [node.key, box(node.key)])),
    edges: graph.edges().map(id => ({ ...graph.edge(id).edge, points: graph.edge(id).points })),
    frames: [...frames.keys()].map(stage => ({ stage, ...box(`stage:${stage}`) })),
    width: graph.graph().width,
    height: graph.graph().height,
  };
}

// Stages of which several passes are drawn one by one.
function framed(nodes) {
  const stages = new Map();
  for (const node of nodes) {
    if (node.kind !== 'pass') continue;
    if (!stages.has(node.stage)) stages.set(node.stage, []);
    stages.get(node.stage).push(node.key);
  }
  return new Map([...stages].filter(([, members]) => members.length > 1));
}

/** A smooth line through an edge's points. */
export function curve(points) {
  const [first, ...rest] = points;
  let path = `M${first.x},${first.y}`;
  for (let i = 0; i < rest.length - 1; i++) {
    const end = i === rest.length - 2 ? rest[i + 1] : { x: (rest[i].x + rest[i + 1].x) / 2, y: (rest[i].y + rest[i + 1].y) / 2 };
    path += `Q${rest[i].x},${rest[i].y} ${end.x},${end.y}`;
  }
  if (rest.length === 1) path += `L${rest[0].x},${rest[0].y}`;
  return path;
}
