import type { Platform } from "../../../platform/platform.ts";
import { normalizePlatform } from "../../../platform/platform.ts";
import { isArchitecture } from "../../../platform/spelling.ts";
import { span } from "../ci/script-of.ts";
import type { ArchitectureRule } from "../manifest.ts";
import { lineOf, withoutNextLine } from "../yaml/entry-place.ts";
import { entriesAt, itemsAt, nodeAt, scalarsAt, textAt, type YamlNode, type YamlScalar } from "../yaml/node.ts";
import { isTemplated } from "./template.ts";

/** The labels of nodes that name their architecture: the current one, and the one before Kubernetes 1.14. */
const labels = new Set(["kubernetes.io/arch", "beta.kubernetes.io/arch"]);

/** What a pod asks of the architecture of its node. */
export interface Selection {
  readonly rule?: ArchitectureRule;
  /** True when a part of what it asks for is not known (a value of a template). */
  readonly isOpen: boolean;
}

/** Reads `nodeSelector` and the required node affinity of a pod (or of the values of a chart, which have the same keys). */
export function readSelection(pod: YamlNode, platforms: readonly Platform[]): Selection {
  const parts = [selectorRule(pod), affinityRule(pod, platforms)];
  const isUnknown = parts.some((part) => part === "open");
  const rules = parts.filter((part) => part !== "open" && part !== undefined);
  const [first, second] = rules;
  if (first === undefined) return { isOpen: isUnknown };
  if (second === undefined) return { rule: first, isOpen: isUnknown };
  const both = first.allowed.filter((name) => second.allowed.includes(name));
  return { rule: { ...first, allowed: both, names: [...first.names, ...second.names] }, isOpen: isUnknown };
}

function selectorRule(pod: YamlNode): ArchitectureRule | "open" | undefined {
  const selector = nodeAt(pod, "nodeSelector");
  // Without a value of its own it has one that a template fills in.
  if ([selector, nodeAt(pod, "affinity")].some((node) => node?.kind === "scalar")) return "open";
  const entries = entriesAt(selector).filter(({ key }) => labels.has(key.text));
  const [entry] = entries;
  if (entry?.value.kind !== "scalar") return undefined;
  if (isOpen(entry.value)) return "open";
  return {
    allowed: [architecture(entry.value)],
    place: lineOf(entry),
    names: entries.flatMap(({ value }) => (value.kind === "scalar" ? [nameOf(value)] : [])),
  };
}

/** Terms are alternatives, the expressions of a term must all hold. */
function affinityRule(pod: YamlNode, platforms: readonly Platform[]): ArchitectureRule | "open" | undefined {
  const required = nodeAt(pod, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
  const terms = itemsAt(required, "nodeSelectorTerms");
  const allowed = new Set<string>();
  const names: ArchitectureRule["names"][number][] = [];
  let place: ArchitectureRule["place"] | undefined;
  for (const term of terms) {
    const expressions = itemsAt(term, "matchExpressions").filter((one) => labels.has(textAt(one, "key") ?? ""));
    const [expression] = expressions;
    if (expression === undefined) return undefined;
    const values = scalarsAt(expression, "values");
    if (nodeAt(expression, "values")?.kind === "scalar" || values.some(isOpen)) return "open";
    const operator = textAt(expression, "operator");
    if (operator === "In") for (const value of values) allowed.add(architecture(value));
    else if (operator === "NotIn") {
      const excluded = new Set(values.map(architecture));
      for (const platform of platforms) if (!excluded.has(platform.architecture)) allowed.add(platform.architecture);
    } else return undefined;
    names.push(...values.map(nameOf));
    const here = withoutNextLine(expression.place);
    place = place === undefined ? here : span(place, here);
  }
  return place === undefined ? undefined : { allowed: [...allowed], place, names };
}

/** A template fills it in, also one of another program (`{{inputs.arch}}`), or it names no processor at all and is a stand-in. */
function isOpen({ text }: YamlScalar): boolean {
  return isTemplated(text) || !isArchitecture(text.toLowerCase());
}

function nameOf(value: YamlScalar): ArchitectureRule["names"][number] {
  return { text: value.text, place: value.locate(0, value.text.length) };
}

/** Node labels carry Go's names; another spelling (`aarch64`) matches no node, and is taken for what it means. */
function architecture(value: YamlScalar): string {
  return normalizePlatform({ os: "linux", architecture: value.text }).architecture;
}
