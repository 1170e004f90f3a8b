import type { BuildCall } from "../../callers/build-call.ts";
import { isKnown, joinValues, sliceValue, textOf, unknownValue, written, type Value } from "../../value.ts";
import type { Collection } from "../collection.ts";
import { withoutNextLine } from "../yaml/entry-place.ts";
import { itemsAt, scalarsAt, scalarValue, textAt, entriesAt, type YamlNode, type YamlScalar } from "../yaml/node.ts";
import { usualMachine } from "./machine.ts";

/**
 * Reads the images of GoReleaser (https://goreleaser.com/customization/docker/): an entry of `dockers` is a build for one architecture, an entry of
 * `dockers_v2` a build for several. The context is a folder that GoReleaser fills, so it is not known. What is released for one architecture only is told
 * by other rules: these builds count as joined.
 */
export function readGoreleaser(collection: Collection, root: YamlNode): void {
  for (const entry of itemsAt(root, "dockers")) {
    const architecture = textAt(entry, "goarch") ?? "amd64";
    const flags = scalarsAt(entry, "build_flag_templates").map((scalar) => filled(scalar, architecture));
    const platform = flags.flatMap((flag) => optionOf(flag, "--platform"))[0];
    collection.calls.push({
      ...callOf(entry),
      buildArgs: new Map(flags.flatMap((flag) => optionOf(flag, "--build-arg")).map(argumentOf)),
      platforms: [platform ?? written(`${textAt(entry, "goos") ?? "linux"}/${architecture}`)],
      tags: scalarsAt(entry, "image_templates").map((scalar) => filled(scalar, architecture)),
    });
  }
  for (const entry of itemsAt(root, "dockers_v2")) {
    const platforms = scalarsAt(entry, "platforms").map((scalar) => filled(scalar));
    collection.calls.push({
      ...callOf(entry),
      buildArgs: new Map(
        entriesAt(entry, "build_args").flatMap(({ key, value }) =>
          value.kind === "scalar" ? [[key.text, filled(value)] as const] : [],
        ),
      ),
      platforms: platforms.length > 0 ? platforms : [written("linux/amd64,linux/arm64")],
      tags: scalarsAt(entry, "images").map((scalar) => filled(scalar)),
    });
  }
}

function callOf(entry: YamlNode): Omit<BuildCall, "buildArgs" | "platforms" | "tags"> {
  return {
    source: "ci",
    tool: "goreleaser",
    place: withoutNextLine(entry.place),
    machine: usualMachine,
    dockerfile: textAt(entry, "dockerfile") ?? "Dockerfile",
    publishes: true,
    joined: true,
    forTests: false,
  };
}

/** A text with its templates filled in; those that do not tell the architecture are not known. */
function filled(scalar: YamlScalar, architecture?: string): Value {
  const parts: Value[] = [];
  let from = 0;
  for (const { 0: template, index } of scalar.text.matchAll(/\{\{[^}]*\}\}/g)) {
    parts.push(scalarValue(scalar, from, index));
    const isArchitecture = architecture !== undefined && /^\{\{-?\s*\.Arch\s*-?\}\}$/.test(template);
    parts.push(isArchitecture ? written(architecture, scalar.locate(index, index + template.length)) : unknownValue());
    from = index + template.length;
  }
  return joinValues(...parts, scalarValue(scalar, from));
}

/** The argument of an option that is written in one text: `--platform=linux/arm64`, `--build-arg NAME=VALUE`. */
function optionOf(flag: Value, name: string): Value[] {
  const text = textOf(flag);
  return text.startsWith(`${name}=`) || text.startsWith(`${name} `)
    ? [sliceValue(flag, name.length + 1, text.length)]
    : [];
}

function argumentOf(value: Value): readonly [string, Value | undefined] {
  const text = textOf(value);
  const equals = text.indexOf("=");
  if (equals < 0) return [isKnown(value) ? text : "", undefined];
  return [text.slice(0, equals), sliceValue(value, equals + 1, text.length)];
}
