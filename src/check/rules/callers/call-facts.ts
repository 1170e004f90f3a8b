import { namesIn } from "../../../platform/architecture-words.ts";
import { normalizeArchitecture } from "../../../platform/spelling.ts";
import type { BuildCall } from "../../callers/build-call.ts";
import { repositoryOf, sameReference } from "../../callers/same-reference.ts";
import type { Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import { isKnown, textOf } from "../../value.ts";

/** The platforms that a call builds for, `linux/arm64` each; undefined when a part of them is not known. */
export function builtPlatforms({ platforms, machine }: BuildCall): string[] | undefined {
  if (platforms === undefined) return [`${machine.os}/${machine.architecture}`];
  if (!platforms.every(isKnown)) return undefined;
  const found = platforms.map((value) => {
    const [os = "", name = os] = textOf(value).trim().split("/");
    const [architecture] = normalizeArchitecture(name.toLowerCase(), "");
    return `${os === name ? "linux" : os}/${architecture}`;
  });
  return [...new Set(found)];
}

/** An image reference without the names of architectures in it, so that those of all architectures are the same. */
export function withoutArchitecture(reference: string): string {
  let text = reference;
  for (const { start, end } of namesIn(reference).toReversed()) {
    const from = /[-_./]/.test(text[start - 1] ?? "") ? start - 1 : start;
    const to = from === start && /[-_/]/.test(text[end] ?? "") ? end + 1 : end;
    text = text.slice(0, from) + text.slice(to);
  }
  return text.replace(/:$/, "");
}

/** The architectures that a text names. */
export function namedArchitectures(text: string): Set<string> {
  return new Set(namesIn(text).flatMap(({ architecture, os }) => (os === undefined ? [architecture] : [])));
}

/** True when something else in the repository publishes the same image for several platforms, or once for each architecture. */
export function hasSiblings(call: BuildCall, model: Model): boolean {
  const own = call.tags.map(textOf);
  const bare = own.map(withoutArchitecture);
  const architectures = new Set<string>();
  if (isInLoop(call, model)) return true;
  for (const other of model.calls) {
    const tags = other.tags.map(textOf);
    const isSame = tags.some((tag) => own.some((name) => sameReference(name, tag) === true));
    const platforms = builtPlatforms(other);
    if (isSame && platforms !== undefined && platforms.length > 1) return true;
    if (isSame && platforms === undefined) return true;
    if (!tags.some((tag) => bare.includes(withoutArchitecture(tag)))) continue;
    for (const tag of tags) for (const name of namedArchitectures(tag)) architectures.add(name);
  }
  return architectures.size > 1;
}

/** True when the same line builds for another platform too on the same machine: a loop over the platforms. */
function isInLoop({ place, machine, platforms, through = [] }: BuildCall, { calls }: Model): boolean {
  if (platforms === undefined) return false;
  const own = platforms.map(textOf).join(",");
  return calls.some(
    (other) =>
      other.machine === machine &&
      other.platforms !== undefined &&
      other.place.path === place.path &&
      other.place.line === place.line &&
      other.place.column === place.column &&
      // Started from another place it is another build, not the next round of a loop.
      (other.through ?? []).length === through.length &&
      (other.through ?? []).every(
        ({ path, line }, index) => path === through[index]?.path && line === through[index]?.line,
      ) &&
      other.platforms.map(textOf).join(",") !== own,
  );
}

/** True when the same Dockerfile is built for several platforms by another call: this one is a way beside the release. */
export function isReleasedElsewhere(call: BuildCall, model: Model): boolean {
  if (call.dockerfile === undefined) return false;
  return model.calls.some((other) => {
    if (other.dockerfile !== call.dockerfile || other.target !== call.target || other === call) return false;
    // One script that calls the same build in both ways says that the tags differ.
    if (isSameCommand(call, other)) return false;
    const platforms = builtPlatforms(other);
    return platforms === undefined || platforms.length > 1 || other.joined;
  });
}

function isSameCommand(a: BuildCall, b: BuildCall): boolean {
  const isScript = a.source === "script" && b.source === "script";
  return isScript && a.place.path === b.place.path && a.place.line === b.place.line;
}

/** Images that only build other things: nobody runs them but the one who makes them. */
const builder =
  /(?:^|[^a-z])(?:build(?:er)?-?image|builder|build-?env|build-?tools?|toolbox|devcontainer|dev-?env|ci-?image|buildenv|build-?container)(?:[^a-z]|$)/i;

/** True when a call makes an image that only builds other things. */
export function isBuilderImage({ tags, dockerfile, target, context }: BuildCall): boolean {
  const names = [...tags.map((tag) => repositoryOf(textOf(tag))), dockerfile ?? "", target ?? "", context ?? ""];
  return names.some(
    (name) => builder.test(name.slice(name.lastIndexOf("/", name.length - 12) + 1)) || builder.test(name),
  );
}

/** What computes on a graphics card is made for the platforms that have one. */
export function isForGraphicsCard({ tags, buildArgs, dockerfile, target }: BuildCall): boolean {
  const args = [...buildArgs].map(([name, value]) => `${name}=${value === undefined ? "" : textOf(value)}`);
  return [...tags.map(textOf), ...args, dockerfile ?? "", target ?? ""].some((text) =>
    /(?:^|[^a-z])(?:gpu|cuda|rocm|nvidia|amdgpu)/i.test(text),
  );
}

/** Where a call is decided: the CI step or script that starts it, else itself. */
export function decidedAt(call: BuildCall): Place {
  return call.through?.[0] ?? call.place;
}
