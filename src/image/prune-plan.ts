import type { Digest } from "../oci/descriptor.ts";
import { companionTag } from "../store/referrers.ts";
import { newestFirst } from "./prune-newest.ts";

/** A manifest or index of a repository or layout. */
export interface GraphNode {
  readonly digest: Digest;
  readonly kind: "index" | "manifest" | "other";
  /** What an index lists: images, attestations, nested indexes, whatever else. */
  readonly children: readonly Digest[];
  /** The manifest that this one is attached to (OCI referrers). */
  readonly subject?: Digest;
  /** When it was made, milliseconds since the epoch; absent where nothing tells. */
  readonly created?: number;
}

/** What is found without a digest: a tag, or an entry of a layout's `index.json`, which may have no name. */
export interface GraphRoot {
  readonly name?: string;
  readonly digest: Digest;
}

/** All that is known of a repository or layout. */
export interface ImageGraph {
  readonly roots: readonly GraphRoot[];
  readonly nodes: ReadonlyMap<Digest, GraphNode>;
}

/** What a person wants to keep. A root goes only when every limit that is given allows it. */
export interface PrunePolicy {
  /** How many of the newest stay. */
  readonly keep?: number;
  /** Age from which a root may go, milliseconds. */
  readonly olderThan?: number;
  /** Why a name is kept whatever else is asked: the pattern that it matches; undefined when none does. */
  readonly keptBy: (name: string) => string | undefined;
  /** Whether a name is among those that may go. */
  readonly isMeant: (name: string) => boolean;
  /** Whether entries without a name may go. */
  readonly untagged: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A root with the reason why it stays or goes. */
export interface JudgedRoot {
  readonly root: GraphRoot;
  readonly because: string;
}

/** What goes and what stays. Nothing that a kept root leads to is among what goes. */
export interface PrunePlan {
  readonly kept: readonly JudgedRoot[];
  /** `onlyName`: what it points at is still needed, so that the name goes alone. */
  readonly removed: readonly (JudgedRoot & { readonly onlyName: boolean })[];
  /** Manifests that go, each before all that it refers to: stopped anywhere, no index has lost a child. */
  readonly manifests: readonly GraphNode[];
  /** Manifests that a removed root leads to and that stay, with one of the kept roots that need them. */
  readonly shared: readonly { readonly digest: Digest; readonly neededBy: GraphRoot }[];
}

const day = 24 * 60 * 60 * 1000;

/**
 * Decides what may go, from what is there and what a person wants. What belongs to an image goes and stays with it: the children of indexes, attestations,
 * referrers, and the tags that clients keep beside an image (`sha256-…`). Whatever cannot be judged stays: a root whose age nobody knows, and a
 * companion of an image that is not in the graph.
 */
export function planPrune(graph: ImageGraph, policy: PrunePolicy): PrunePlan {
  const links = linksOf(graph);
  const { judged, candidates, companions } = sortRoots(graph, policy);
  const verdicts = [...judged, ...judgeByAge(candidates, graph, policy)];
  const keptRoots = verdicts.filter(({ goes }) => !goes);
  const goingRoots = verdicts.filter(({ goes }) => goes);

  const needed = new Map<Digest, GraphRoot>();
  for (const { root } of keptRoots) reach(root.digest, links.keeps, (digest) => claim(needed, digest, root));
  const reached = new Set<Digest>();
  for (const { root } of goingRoots) reach(root.digest, links.holds, (digest) => claimIn(reached, digest));

  // A companion goes and stays with its image; one whose image is not there stays, and so does what it leads to.
  const companionVerdicts = companions.map(({ root, of, subject }) => {
    if (subject !== undefined && reached.has(subject) && !needed.has(subject)) {
      return { root, goes: true, because: `it belongs to ${of}, which goes` };
    }
    if (subject !== undefined && needed.has(subject)) {
      return { root, goes: false, because: `it belongs to ${of}, which stays` };
    }
    reach(root.digest, links.keeps, (digest) => claim(needed, digest, root));
    return { root, goes: false, because: `it belongs to ${of}, to which no tag leads` };
  });
  const all = [...verdicts, ...companionVerdicts];
  const gone = [...reached].filter((digest) => !needed.has(digest) && graph.nodes.has(digest));
  return {
    kept: all.flatMap(({ root, goes, because }) =>
      goes && !isStuck(root, needed) ? [] : [{ root, because: reasonToStay(root, goes, because, needed) }],
    ),
    removed: all.flatMap(({ root, goes, because }) =>
      goes && !isStuck(root, needed) ? [{ root, because, onlyName: needed.has(root.digest) }] : [],
    ),
    manifests: inOrder(gone, graph),
    shared: [...reached].flatMap((digest) => {
      const neededBy = needed.get(digest);
      return neededBy === undefined ? [] : [{ digest, neededBy }];
    }),
  };
}

/** An entry without a name that is needed has no name to take away. */
function isStuck({ name, digest }: GraphRoot, needed: ReadonlyMap<Digest, GraphRoot>): boolean {
  return name === undefined && needed.has(digest);
}

function reasonToStay(root: GraphRoot, goes: boolean, because: string, needed: ReadonlyMap<Digest, GraphRoot>): string {
  if (!goes) return because;
  const by = needed.get(root.digest);
  return `${by?.name ?? by?.digest ?? "another one"} needs it`;
}

/** For each digest what must stay when it stays (`keeps`), and what goes when it goes and nobody needs it (`holds`). */
interface Links {
  readonly keeps: (digest: Digest) => readonly Digest[];
  readonly holds: (digest: Digest) => readonly Digest[];
}

function linksOf({ roots, nodes }: ImageGraph): Links {
  const attached = new Map<Digest, Digest[]>();
  const attach = (subject: Digest, digest: Digest) => attached.set(subject, [...(attached.get(subject) ?? []), digest]);
  for (const { subject, digest } of nodes.values()) if (subject !== undefined) attach(subject, digest);
  const byCut = subjectsByCut(nodes);
  for (const { name, digest } of roots) {
    const subject = name === undefined ? undefined : byCut.get(cutName(name) ?? "");
    if (subject !== undefined) attach(subject, digest);
  }
  const holds = (digest: Digest) => [...(nodes.get(digest)?.children ?? []), ...(attached.get(digest) ?? [])];
  const keeps = (digest: Digest) => {
    const subject = nodes.get(digest)?.subject;
    return subject === undefined ? holds(digest) : [...holds(digest), subject];
  };
  return { holds, keeps };
}

/** Follows links from a digest; `enter` says whether one is new. */
function reach(from: Digest, links: (digest: Digest) => readonly Digest[], enter: (digest: Digest) => boolean): void {
  const waiting = [from];
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    if (enter(digest)) waiting.push(...links(digest));
  }
}

function claim(needed: Map<Digest, GraphRoot>, digest: Digest, root: GraphRoot): boolean {
  if (needed.has(digest)) return false;
  needed.set(digest, root);
  return true;
}

function claimIn(reached: Set<Digest>, digest: Digest): boolean {
  if (reached.has(digest)) return false;
  reached.add(digest);
  return true;
}

interface Verdict extends JudgedRoot {
  readonly goes: boolean;
}

/** A root that goes and stays with another manifest: a signature's tag, an attachment without a name. */
interface Companion {
  readonly root: GraphRoot;
  /** Whose it is, for people. */
  readonly of: string;
  /** Undefined when the manifest is not in the graph. */
  readonly subject: Digest | undefined;
}

/** Tells what is settled by its name from what age and count decide, and from what follows its image. */
function sortRoots(
  { roots, nodes }: ImageGraph,
  policy: PrunePolicy,
): {
  readonly judged: readonly Verdict[];
  readonly candidates: readonly GraphRoot[];
  readonly companions: readonly Companion[];
} {
  const byCut = subjectsByCut(nodes);
  const judged: Verdict[] = [];
  const candidates: GraphRoot[] = [];
  const companions: Companion[] = [];
  for (const root of roots) {
    const { name, digest } = root;
    const subject = nodes.get(digest)?.subject;
    const keptBy = name === undefined ? undefined : policy.keptBy(name);
    const cut = name === undefined ? undefined : cutName(name);
    if (keptBy !== undefined) judged.push({ root, goes: false, because: `its name matches ${keptBy}` });
    else if (cut !== undefined) companions.push({ root, of: cut, subject: byCut.get(cut) });
    else if (name === undefined && subject !== undefined) companions.push({ root, of: subject, subject });
    else if (name === undefined && !policy.untagged)
      judged.push({ root, goes: false, because: "it has no name; --untagged would take it" });
    else if (name !== undefined && !policy.isMeant(name))
      judged.push({ root, goes: false, because: "no --tag matches it" });
    else candidates.push(root);
  }
  return { judged, candidates, companions };
}

/** The newest stay, then the young; what has no known age is not judged by age, and stays. */
function judgeByAge(candidates: readonly GraphRoot[], { nodes }: ImageGraph, policy: PrunePolicy): Verdict[] {
  const { keep, olderThan, now } = policy;
  const ranked = newestFirst(candidates, nodes);
  const newest = new Set(ranked.slice(0, keep ?? 0).map(({ root }) => root.digest));
  const last = keep === undefined || keep === 0 ? undefined : ranked[keep - 1];
  const tied = last !== undefined && ranked[newest.size]?.created === last.created ? last : undefined;
  return candidates.map((root): Verdict => {
    const created = nodes.get(root.digest)?.created;
    const judgesAge = keep !== undefined || olderThan !== undefined;
    if (!judgesAge)
      return { root, goes: true, because: root.name === undefined ? "it has no name" : "--tag matches it" };
    if (created === undefined) return { root, goes: false, because: "nothing tells how old it is" };
    const days = Math.floor((now - created) / day);
    const age = days === 1 ? "1 day" : `${days} days`;
    const isTied = tied !== undefined && created === tied.created;
    if (keep !== undefined && newest.has(root.digest)) {
      const because = keep === 1 ? "it is the newest" : `it is one of the ${keep} newest`;
      return { root, goes: false, because: isTied ? `${because}, by name among equally old ones` : because };
    }
    if (olderThan !== undefined && now - created < olderThan)
      return { root, goes: false, because: `it is only ${age} old` };
    if (isTied) {
      const other = tied.root.name ?? tied.root.digest;
      return { root, goes: true, because: `it is as old as ${other} (${age}), which sorts above it` };
    }
    const reasons = [keep === undefined ? undefined : `it is not one of the ${keep} newest`, `it is ${age} old`];
    return { root, goes: true, because: reasons.filter(Boolean).join(", ") };
  });
}

/** Whoever refers to a manifest before it: indexes before children, attachments before what they are attached to. */
function inOrder(gone: readonly Digest[], { nodes }: ImageGraph): GraphNode[] {
  const left = new Set(gone);
  const ordered: GraphNode[] = [];
  const visiting = new Set<Digest>();
  const visit = (digest: Digest): void => {
    const node = nodes.get(digest);
    if (node === undefined || !left.has(digest) || visiting.has(digest)) return;
    visiting.add(digest);
    for (const below of [...node.children, ...(node.subject === undefined ? [] : [node.subject])]) visit(below);
    ordered.push(node);
  };
  for (const digest of gone) visit(digest);
  return ordered.reverse();
}

/** The part of a companion's name that says whose it is. */
function cutName(name: string): string | undefined {
  const match = companionTag.exec(name);
  return match === null ? undefined : `${match[1]}-${match[2]}`;
}

/** Manifests by the name that companions of theirs begin with. */
function subjectsByCut(nodes: ImageGraph["nodes"]): ReadonlyMap<string, Digest> {
  return new Map([...nodes.keys()].map((digest) => [companionName(digest), digest]));
}

/** `sha256-HEX`, the value cut to 64 characters. */
function companionName(digest: Digest): string {
  const [algorithm, value = ""] = digest.split(":");
  return `${algorithm}-${value.slice(0, 64)}`;
}
