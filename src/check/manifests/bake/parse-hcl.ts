import type { HclAttribute, HclBlock, HclBody, HclProblem } from "./hcl.ts";
import { readExpression } from "./hcl-expression.ts";
import { HclError, HclReader } from "./hcl-reader.ts";

/** Longest text that is read. */
const maxLength = 1_000_000;

/** Parses a file of HCL (the native syntax, as far as bake uses it). Never throws: up to the first mistake all is read. */
export function parseHcl(text: string): { readonly body: HclBody; readonly problem?: HclProblem } {
  const attributes: HclAttribute[] = [];
  const blocks: HclBlock[] = [];
  const body = { attributes, blocks };
  if (text.length > maxLength)
    return { body, problem: { offset: 0, message: `It is longer than ${maxLength} characters.` } };
  const reader = new HclReader(text);
  try {
    reader.skip(true);
    while (reader.at < text.length) readItem(reader, attributes, blocks);
    return { body };
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    return { body, problem: { offset: error.offset, message: error.message } };
  }
}

/** An attribute or a block. */
function readItem(reader: HclReader, attributes: HclAttribute[], blocks: HclBlock[]): void {
  const { at: start } = reader;
  const name = reader.take(/[A-Za-z_][\w-]*/y) ?? keyInQuotes(reader);
  if (name === undefined) throw reader.error("A name is expected here.");
  reader.skip(false);
  if (reader.peek() === "=" && !reader.text.startsWith("==", reader.at)) {
    reader.takes("=");
    reader.skip(false);
    const value = readExpression(reader, false);
    attributes.push({ name, value, start, end: reader.at });
  } else {
    const labels: string[] = [];
    while (reader.peek() !== "{") {
      const label = reader.take(/[A-Za-z_][\w-]*/y) ?? keyInQuotes(reader);
      if (label === undefined) throw reader.error('"=" or "{" is expected here.');
      labels.push(label);
      reader.skip(false);
    }
    blocks.push(reader.nested(() => readBlock(reader, name, labels, start)));
  }
  reader.skip(false);
  if (reader.at < reader.text.length && !/[\n}]/.test(reader.peek()))
    throw reader.error("The end of the line is expected here.");
  reader.skip(true);
}

function readBlock(reader: HclReader, type: string, labels: readonly string[], start: number): HclBlock {
  const attributes: HclAttribute[] = [];
  const blocks: HclBlock[] = [];
  reader.expect("{");
  reader.skip(true);
  while (!reader.takes("}")) readItem(reader, attributes, blocks);
  return { type, labels, body: { attributes, blocks }, start, end: reader.at };
}

function keyInQuotes(reader: HclReader): string | undefined {
  return reader.take(/"[^"\\\n$]*"/y)?.slice(1, -1);
}
