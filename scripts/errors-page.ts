/**
 * `npm run schemas` (second part): writes docs/errors.md, the catalogue of errors that `archway explain` knows, from `src/explain/catalogue`. With `--check` it
 * writes nothing, and exits 1 when the page is not what it would write.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { catalogue } from "../src/explain/catalogue.ts";
import type { Entry } from "../src/explain/entry.ts";

const page = resolve(import.meta.dirname, "..", "docs", "errors.md");

const head = `# Errors of multi-platform builds

What programs say when something is wrong with platforms, what it means, and what to do. \`archway explain FILE\` finds these errors in a log
([how](explain.md)). The page is made from \`src/explain/catalogue\`: run \`npm run schemas\` after a change there.

E03, E12 and the like are stable: programs may rely on them. S codes are [silent failures](build.md), which no log tells and the architecture gate finds.
`;

function overview(): string {
  const rows = catalogue.map(({ code, title }) => `| [${code}](#${code.toLowerCase()}) | ${title} |`);
  return ["| code | what it is |", "|---|---|", ...rows].join("\n");
}

/** One entry: what programs say (the patterns that are searched), under which conditions, why, and what to do. */
function section({ code, title, signs, cause, fixes, url }: Entry): string {
  const said = signs.map(({ pattern, condition }) => {
    return `* \`${pattern.source.replaceAll("`", "´")}\`${condition === undefined ? "" : ` (${condition})`}`;
  });
  const todo = fixes.map(({ engines, text }) => `* ${engines ? `${engines.join(", ")}: ` : ""}${text}`);
  return [
    `## ${code}`,
    `**${title}**`,
    cause,
    "What to do:",
    todo.join("\n"),
    "Found by:",
    said.join("\n"),
    `More: <${url}>`,
  ].join("\n\n");
}

const content = `${[head, overview(), ...catalogue.map(section)].join("\n\n").replaceAll(/\n{3,}/g, "\n\n")}\n`;
if (!process.argv.includes("--check")) writeFileSync(page, content);
else if (readFileSync(page, "utf8") !== content) {
  console.error("docs/errors.md is not what the catalogue says: run npm run schemas");
  process.exitCode = 1;
}
