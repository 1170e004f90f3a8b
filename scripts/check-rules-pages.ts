/**
 * `npm run schemas` (fourth part): writes docs/rules/, a page for each rule of `archway check` and their list, from the rules themselves. With `--check` it writes nothing, and exits 1
 * when a page is not what it would write, or belongs to no rule.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ruleGroups, rulePage } from "../src/check/rule-pages.ts";

const folder = resolve(import.meta.dirname, "..", "docs", "rules");
const check = process.argv.includes("--check");

const list = `# The rules of archway check

What [\`archway check\`](../check.md) looks for. A page tells what a rule finds, why it breaks, how it shows, what to do and when to ignore it; \`archway check --explain RULE\` prints it. The
pages are made from the rules in \`src/check\`: run \`npm run schemas\` after a change there.

How a finding weighs: **error** breaks a build or ships a wrong program; **warning** breaks under some condition, or is doubtful; **note** is advice. A rule names its usual weight; a finding can be lighter or
heavier.
`;

const pages = new Map<string, string>();
const sections = ruleGroups
  .filter(({ rules }) => rules.length > 0)
  .map(({ title, rules }) => {
    const rows = rules.map((rule) => {
      pages.set(
        `${rule.id}.md`,
        `# ${rule.id}: ${rule.page.title}\n\n${rulePage(rule)}\n[All rules](README.md) · [how to use archway check](../check.md)\n`,
      );
      return `| [\`${rule.id}\`](${rule.id}.md) | ${rule.severity} | ${rule.page.title.replaceAll("|", "\\|")} |`;
    });
    return [`## ${title}\n`, "| rule | weight | what it finds |", "|---|---|---|", ...rows, ""].join("\n");
  });
pages.set("README.md", [list, ...sections].join("\n"));

mkdirSync(folder, { recursive: true });
const committed = readdirSync(folder);
for (const [name, content] of pages) {
  if (!check) writeFileSync(join(folder, name), content);
  else if (!committed.includes(name) || readFileSync(join(folder, name), "utf8") !== content) {
    console.error(`docs/rules/${name} is not what the rules say: run npm run schemas`);
    process.exitCode = 1;
  }
}
for (const name of committed.filter((name) => !pages.has(name))) {
  if (!check) rmSync(join(folder, name));
  else {
    console.error(`docs/rules/${name} belongs to no rule: run npm run schemas`);
    process.exitCode = 1;
  }
}
