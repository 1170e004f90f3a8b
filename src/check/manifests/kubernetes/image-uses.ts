import type { Place } from "../../place.ts";
import type { Value } from "../../value.ts";
import { scalarAt, type YamlNode, type YamlScalar } from "../yaml/node.ts";
import { isImageByForm, mayBeImage, namesImage } from "./image-text.ts";
import { templateValue } from "./template.ts";

/** An image that a manifest names outside of the `image` of a container. */
interface HiddenImage {
  readonly value: Value;
  readonly place: Place;
}

/** Images in environment values, arguments and the data of ConfigMaps: operators and tools make pods of them. */
export function hiddenImages(node: YamlNode): HiddenImage[] {
  const found: HiddenImage[] = [];
  const seen = new Set<YamlNode>();
  const visit = (one: YamlNode, key: string): void => {
    if (seen.has(one)) return;
    seen.add(one);
    if (one.kind === "list") {
      for (const item of one.items) {
        if (item.kind === "scalar" && argumentKeys.has(key)) found.push(...imagesOfArgument(item));
        else visit(item, key);
      }
      return;
    }
    if (one.kind === "scalar") return;
    const name = scalarAt(one, "name");
    const value = scalarAt(one, "value");
    if (key === "env" && name !== undefined && value !== undefined) found.push(...imageOfVariable(name.text, value));
    for (const entry of one.entries) {
      if (dataKeys.has(entry.key.text) && entry.value.kind === "map") found.push(...imagesOfData(entry.value));
      else visit(entry.value, entry.key.text);
    }
  };
  visit(node, "");
  return found;
}

const argumentKeys = new Set(["args", "command"]);
const dataKeys = new Set(["data", "stringData"]);

function imageOfVariable(name: string, value: YamlScalar): HiddenImage[] {
  const text = value.text.trim();
  if (text !== value.text || text === "") return [];
  const isImage = namesImage(name) ? mayBeImage(text) && /[/:]/.test(text) : isImageByForm(text) && !isAddress(name);
  return isImage ? [{ value: templateValue(value), place: value.locate(0, text.length) }] : [];
}

/** A value of `…_URL` or `…_HOST` is an address, whatever it looks like. */
function isAddress(name: string): boolean {
  return /url|uri|host|addr|endpoint|server|path|dir|file|proxy|broker/i.test(name);
}

/** `--some-image=NAME:TAG` */
function imagesOfArgument(scalar: YamlScalar): HiddenImage[] {
  const found: HiddenImage[] = [];
  for (const match of scalar.text.matchAll(/(?:^|\s)--?([\w.-]+)[= ]["']?([^\s"'=,]+)/g)) {
    const [whole, name = "", text = ""] = match;
    if (!namesImage(name) || !mayBeImage(text) || !/[/:]/.test(text)) continue;
    found.push(part(scalar, match.index + whole.length - text.length, text.length));
  }
  return found;
}

/** Values that are an image, and lines in them that name one: `image: NAME:TAG`, `SOME_IMAGE=NAME:TAG`. */
function imagesOfData(data: YamlNode): HiddenImage[] {
  const found: HiddenImage[] = [];
  for (const { key, value } of data.kind === "map" ? data.entries : []) {
    if (value.kind !== "scalar") continue;
    if (!value.text.includes("\n")) {
      found.push(...imageOfVariable(key.text, value));
      if (!/image/i.test(value.text)) continue;
    }
    for (const match of value.text.matchAll(
      /(["']?)([\w.-]*[iI](?:mage|MAGE)[\w.-]*)\1[ \t]*[:=][ \t]*(["']?)([^\s"',{}]+)\3/g,
    )) {
      const [whole, , name = "", quote = "", text = ""] = match;
      if (!namesImage(name) || !mayBeImage(text) || !/[/:]/.test(text)) continue;
      found.push(part(value, match.index + whole.length - quote.length - text.length, text.length));
    }
  }
  return found;
}

function part(scalar: YamlScalar, start: number, length: number): HiddenImage {
  return { value: templateValue(scalar, start, start + length), place: scalar.locate(start, start + length) };
}
