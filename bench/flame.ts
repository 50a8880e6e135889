/**
 * A flame graph of a profile: `npm run bench -- trigger --profile profiles`, then `npm run bench -- flame profiles/….cpuprofile > flame.svg`.
 * Callers stand above what they call; the width of a box is its share of the busy time. Boxes under a 250th are left out.
 */
import { readFileSync } from 'node:fs';

type Frame = { functionName: string; url: string; lineNumber: number };
type ProfileNode = { id: number; callFrame: Frame; children?: number[] };
type Profile = { nodes: ProfileNode[]; samples: number[]; timeDeltas: number[] };

/** A function as it was called from its callers; `us`: its time with all that it calls. */
type Box = { name: string; colour: string; us: number; calls: Map<string, Box> };

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('name a .cpuprofile');
const [width, rowHeight, least, letterWidth] = [1200, 17, 1 / 250, 6.2];
const colours = { gateway: '#f4a259', packages: '#8cb369', node: '#9fb8d8' };

const root = boxesOf(JSON.parse(readFileSync(file, 'utf8')));
const rows: string[] = [];
const depth = draw(root, 0, 0);
const legend = Object.entries(colours).map(([name, colour], at) =>
  rect(name, colour, { x: at * 110, y: (depth + 1) * rowHeight, width: 100 }),
);
const size = `width="${width}" height="${(depth + 2) * rowHeight}" viewBox="0 0 ${width} ${(depth + 2) * rowHeight}"`;
process.stdout.write(
  `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Flame graph" ${size} font-family="monospace" font-size="10">\n${[...rows, ...legend].join('\n')}\n</svg>\n`,
);

/** Adds the samples up to boxes; what the process waited for is no part of it. */
function boxesOf({ nodes, samples, timeDeltas }: Profile): Box {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const all: Box = { name: 'all', colour: colours.node, us: 0, calls: new Map() };
  samples.forEach((id, at) => {
    const path: Frame[] = [];
    for (let now: number | undefined = id; now !== undefined; now = parents.get(now)) {
      const node = byId.get(now);
      if (node) path.unshift(node.callFrame);
    }
    if (path.at(-1)?.functionName === '(idle)') return;
    let box = all;
    const us = timeDeltas[at] ?? 0;
    box.us += us;
    for (const frame of path.slice(1).filter((each) => !isLoader(each))) {
      box = calledBy(box, frame);
      box.us += us;
    }
  });
  return all;
}

/** Node's loader of modules calls itself for each import of an import, which would make the picture too high. */
function isLoader({ url }: Frame): boolean {
  return url.startsWith('node:internal/modules') || url.startsWith('node:internal/vm');
}

/** The box of a function below that of its caller; one that calls itself shares one. */
function calledBy(caller: Box, { functionName, url, lineNumber }: Frame): Box {
  const place = url.replace(/^.*\/(?:dist|node_modules)\//, '');
  const name = `${functionName || '(anonymous)'} ${place}${url === '' ? '' : `:${lineNumber + 1}`}`.trim();
  if (name === caller.name) return caller;
  let box = caller.calls.get(name);
  if (!box) {
    const colour = url.includes('/node_modules/') ? colours.packages : url.startsWith('file:') ? colours.gateway : colours.node;
    box = { name, colour, us: 0, calls: new Map() };
    caller.calls.set(name, box);
  }
  return box;
}

/** Draws a box and all below it; returns how many rows that took. */
function draw(box: Box, x: number, level: number): number {
  const share = box.us / root.us;
  if (share < least) return level;
  rows.push(rect(`${box.name} (${(share * 100).toFixed(1)} %)`, box.colour, { x, y: level * rowHeight, width: share * width }));
  let [deepest, left] = [level + 1, x];
  for (const each of [...box.calls.values()].toSorted((one, other) => other.us - one.us)) {
    deepest = Math.max(deepest, draw(each, left, level + 1));
    left += (each.us / root.us) * width;
  }
  return deepest;
}

function rect(text: string, colour: string, at: { x: number; y: number; width: number }): string {
  const [escaped, shown] = [text, text.slice(0, Math.floor(at.width / letterWidth))].map((each) =>
    each.replaceAll('&', '&amp;').replaceAll('<', '&lt;'),
  );
  const box = `<rect x="${at.x.toFixed(1)}" y="${at.y}" width="${Math.max(at.width - 0.5, 0.3).toFixed(1)}" height="${rowHeight - 1}" fill="${colour}"/>`;
  const label = at.width < 30 ? '' : `<text x="${(at.x + 3).toFixed(1)}" y="${at.y + 12}">${shown}</text>`;
  return `<g><title>${escaped}</title>${box}${label}</g>`;
}
