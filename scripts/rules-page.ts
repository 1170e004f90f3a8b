/**
 * `npm run schemas` (third part): writes docs/verify-rules.md, the rules of `archway verify`, from `src/report/rule-texts.ts`. With `--check` it writes
 * nothing, and exits 1 when the page is not what it would write, or when a rule of `src/verify` is not described.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { groupTitles, ruleTexts } from "../src/report/rule-texts.ts";
import type { RuleGroup } from "../src/report/rule-texts.ts";

const root = resolve(import.meta.dirname, "..");
const page = join(root, "docs", "verify-rules.md");

const head = `# The rules of archway verify

What each rule of \`archway verify\`, and of the gate before a publication, is about. How much a finding weighs depends on where it is: [verify.md](verify.md). The
page is made from \`src/report/rule-texts.ts\`: run \`npm run schemas\` after a change there.
`;

function section(group: RuleGroup): string {
  const rows = [...ruleTexts]
    .filter(([, text]) => text.group === group)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([rule, { title, help }]) => `| \`${rule}\` | ${cell(title)} | ${cell(help)} |`);
  return rows.length === 0
    ? ""
    : [
        `## ${sentence(groupTitles[group])}\n`,
        "| rule | what is wrong | how it shows, what to do |",
        "|---|---|---|",
        ...rows,
        "",
      ].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How the code names a rule: as a field, or as an argument of what makes a finding. */
const named =
  /(?:\brule: |\b(?:aboutIndex|finding|notExamined)\((?:\w+,)?\s*|\b(?:add|refuse)\(\s*(?:"\w+"|[^",]{1,80}),\s*)"([a-z]+(?:-[a-z]+)+)"/g;

/** Rules that the code names and that are not described. */
function undescribed(): string[] {
  const names = new Set<string>();
  for (const file of globSync("src/verify/**/*.ts", { cwd: root, exclude: ["**/*.test.ts"] })) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [, rule = ""] of text.matchAll(named)) names.add(rule);
  }
  return [...names].filter((rule) => !ruleTexts.has(rule)).sort();
}

const groups = Object.keys(groupTitles) as RuleGroup[];
const content = [head, ...groups.map(section).filter((text) => text !== "")].join("\n");
const missing = undescribed();
for (const rule of missing) console.error(`src/report/rule-texts.ts does not describe the rule "${rule}"`);
if (missing.length > 0) process.exitCode = 1;
if (!process.argv.includes("--check")) writeFileSync(page, content);
else if (readFileSync(page, "utf8") !== content) {
  console.error("docs/verify-rules.md is not what the rules say: run npm run schemas");
  process.exitCode = 1;
}
