import { loadConfig } from "../config/config.ts";
import { ArchwayError, exitCodes } from "../error/error.ts";
import { pruneRegistry } from "../image/prune.ts";
import { readGraph } from "../image/prune-graph.ts";
import { planPrune } from "../image/prune-plan.ts";
import type { ImageGraph, PrunePlan } from "../image/prune-plan.ts";
import { parseReference, repositoryOf } from "../oci/reference.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { LayoutStore } from "../store/layout.ts";
import type { ImageStore } from "../store/store.ts";
import { matchesGlob } from "../verify/chain/glob.ts";
import type { CliContext } from "./context.ts";
import type { ImagePruneOptions } from "./image-prune-options.ts";
import { formatPrune, prunedJson } from "./image-prune-result.ts";
import type { PruneResult } from "./image-prune-result.ts";
import { openRegistries } from "./registries.ts";

/**
 * `archway image prune`: shows what may go of a repository or layout, and with `--yes` removes it. Returns 0; 3 when the registry
 * refused to remove a tag alone: then the tag stays, and its reason is told.
 */
export async function runImagePrune(context: CliContext, place: string, options: ImagePruneOptions): Promise<number> {
  const { signal, stdout, stderr, env } = context;
  const config = await loadConfig({ directory: context.cwd, file: options.config });
  const registries = openRegistries({ ...options, registries: config.registries }, context);
  const folder = /^oci:([^:]+)$/.exec(place)?.[1];
  const layout = folder === undefined ? undefined : new LayoutStore(folder);
  const store = layout ?? openRepository(place, registries);
  if (options.untagged && layout === undefined) throw noUntagged(store);

  const now = context.now();
  const dates = options.keep !== undefined || options.olderThan !== undefined;
  const graph = await readGraph(store, { dates, signal });
  for (const line of unmatched(options, graph)) {
    stderr.write(`${makeStyle(usesColor(stderr, env)).yellow("warning: ")}${line}\n`);
  }
  const { keep, olderThan } = options;
  const plan = planPrune(graph, {
    ...(keep === undefined ? {} : { keep }),
    ...(olderThan === undefined ? {} : { olderThan }),
    keptBy: (name) => options.keepTags.find((glob) => matchesName(glob, name)),
    // With --untagged alone nobody asked for anything that has a name.
    isMeant: (name) => (options.tags.length === 0 ? dates : options.tags.some((glob) => matchesName(glob, name))),
    untagged: options.untagged,
    now,
  });
  const planned: PruneResult = { store: store.name, graph, plan, done: false, left: [] };
  const result = options.yes ? await prune(planned, { store, layout, now, stderr, signal }) : planned;
  const style = makeStyle(usesColor(stdout, env));
  if (options.format === "json") stdout.write(`${JSON.stringify(prunedJson(result), null, 2)}\n`);
  else stdout.write(`${formatPrune(result, style).join("\n")}\n`);
  return result.left.length === 0 ? 0 : exitCodes.unreachable;
}

async function prune(
  planned: PruneResult,
  {
    store,
    layout,
    now,
    stderr,
    signal,
  }: {
    readonly store: ImageStore;
    readonly layout: LayoutStore | undefined;
    readonly now: number;
    readonly stderr: CliContext["stderr"];
    readonly signal: AbortSignal;
  },
): Promise<PruneResult> {
  const { graph, plan } = planned;
  if (layout !== undefined) {
    const swept = await layout.prune(goesFrom(plan), now, { signal });
    return { ...planned, done: true, swept };
  }
  if (plan.removed.length === 0) return { ...planned, done: true };
  const { left } = await pruneRegistry(
    store,
    graph,
    plan,
    (event) => stderr.write(event.type === "name" ? `removed tag ${event.name}\n` : `removed ${event.digest}\n`),
    signal,
  );
  return { ...planned, done: true, left };
}

/** Whether an entry of a layout is one of those that go, as it was when the plan was made: one that has moved since stays. */
function goesFrom({ removed }: PrunePlan) {
  const goes = new Set(removed.map(({ root }) => `${root.name ?? ""} ${root.digest}`));
  return (entry: { readonly name?: string; readonly descriptor: { readonly digest: string } }) =>
    goes.has(`${entry.name ?? ""} ${entry.descriptor.digest}`);
}

function openRepository(place: string, registries: ReturnType<typeof openRegistries>): ImageStore {
  if (/^(?:oci|oci-archive|docker-archive):/.test(place)) {
    throw new ArchwayError({
      code: "INVALID_REFERENCE",
      kind: "input",
      message: `${place} is not a repository or a layout.`,
      hint: "Name REGISTRY/NAME, or oci:DIR without a name. Archives are written whole: copy what you want to keep into a new one.",
    });
  }
  const reference = parseReference(place);
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new ArchwayError({
      code: "INVALID_REFERENCE",
      kind: "input",
      message: `${place} names one image; prune looks at a whole repository.`,
      hint: `archway image prune ${repositoryOf(reference)} --tag ${reference.tag ?? "PATTERN"}`,
    });
  }
  // What a mirror has is not what is there.
  return registries.registries.repository(reference);
}

/** A pattern that matches nothing is mistyped, or what it was about has gone: either way somebody expects something else. */
function unmatched({ tags, keepTags }: ImagePruneOptions, { roots }: ImageGraph): string[] {
  const matchesNone = (glob: string) => !roots.some(({ name }) => name !== undefined && matchesName(glob, name));
  return [
    ...tags.filter(matchesNone).map((glob) => `--tag ${glob} matches no tag; patterns match whole names.`),
    ...keepTags.filter(matchesNone).map((glob) => `--keep-tag ${glob} matches no tag; patterns match whole names.`),
  ];
}

/** Anchored at both ends: a pattern that says what goes must not match more than it says. */
function matchesName(glob: string, name: string): boolean {
  return matchesGlob(`/${glob}`, `/${name}`);
}

function noUntagged(store: ImageStore): ArchwayError {
  return new ArchwayError({
    code: "OPTION_INVALID",
    kind: "input",
    message: `--untagged: ${store.name} is a registry's, and registries have no list of what has no tag.`,
    hint: "What becomes untagged by this command goes with its tag. For the rest the registry has its own garbage collection.",
  });
}
