import { namesIn } from "../../../platform/architecture-words.ts";
import type { Platform } from "../../../platform/platform.ts";
import type { Model } from "../../model.ts";
import { isKnown, textOf, unknownMark, type Value } from "../../value.ts";

/** What is known of the platforms of an image that a manifest names. */
interface ImageArchitecture {
  /** Whether it runs on the platform; undefined for unknown. */
  readonly has: boolean | undefined;
  /** How it is known. */
  readonly by: "name" | "facts" | "nothing";
}

/** Whether an image has a platform: by the architecture in its name (`app:1.2-amd64`, `amd64/app`), or by what the registry says. */
export function imageArchitecture(value: Value, { architecture, os }: Platform, model: Model): ImageArchitecture {
  const text = textOf(value);
  const named = architecturesOfImage(text);
  if (named.length > 0) return { has: named.includes(architecture), by: "name" };
  if (!isKnown(value)) return { has: undefined, by: "nothing" };
  const fact = model.facts.image(text);
  // An image that is not there runs nowhere, but that is no matter of the architecture.
  if (fact === undefined || fact === null || fact.platforms.length === 0) return { has: undefined, by: "nothing" };
  const has = fact.platforms.some((own) => own.architecture === architecture && own.os === os);
  return { has, by: "facts" };
}

/** The architectures that the name and the tag of an image name; its registry and its digest tell nothing. */
function architecturesOfImage(text: string): string[] {
  const [reference = ""] = text.replaceAll(unknownMark, "").split("@");
  const parts = reference.split("/");
  const [first = ""] = parts;
  const path = parts.length > 1 && /[.:]|^localhost$/.test(first) ? parts.slice(1) : parts;
  return namesIn(path.join("/"))
    .filter(({ os }) => os === undefined || os === "linux")
    .map(({ architecture }) => architecture);
}
