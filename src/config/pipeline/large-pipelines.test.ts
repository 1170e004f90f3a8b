/** Files of strangers that once took all time or all of the stack: each is answered with what is too much, and where. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ArchwayError } from "../../error/error.ts";
import { parseConfig } from "../parse-config.ts";

const head = "version: 1\nplatforms: [linux/amd64, linux/arm64]\n";
const list = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index));
const job = (name: string, more = "") => `  ${name}: { image: a, steps: [x]${more} }\n`;
const jobs = (lines: readonly string[]) => `${head}jobs:\n${lines.join("")}`;
const oneJob = (lines: string) => `${head}jobs:\n  t:\n    image: a\n    steps: [x]\n${lines}`;
const chain = (count: number) =>
  jobs(list(count, (index) => job(`j${index}`, index > 0 ? `, needs: j${index - 1}` : "")));
const texts = (count: number) => list(count, (index) => `v${index}`).join();
const square = `    matrix:\n      x: [${texts(316)}]\n      y: [${texts(316)}]\n`;

const refused: Readonly<Record<string, readonly [text: string, place: string, message: RegExp]>> = {
  "a chain of 9000 jobs": [chain(9000), "3:1", /has 9000 jobs; a run has 1000 at most/],
  "a matrix of 99,856 combinations with 40,000 of include": [
    oneJob(`${square}      include: [${list(10_000, (index) => `{ z: ${index} }`).join()}]\n`),
    "7:5",
    /too many combinations for so many entries of include and exclude/,
  ],
  "matrices that are each small enough": [
    jobs(
      list(900, (index) =>
        job(`j${index}`, `, matrix: { x: [${texts(30)}], y: [${texts(30)}], z: [1, 2, 3], exclude: [{ z: "1" }] }`),
      ),
    ),
    "189:",
    /too many combinations/,
  ],
  "a matrix without end": [
    oneJob(`    matrix: { ${list(30, (index) => `a${index}: [1, 2, 3, 4]`).join(", ")} }\n`),
    "7:5",
    /has \d{19} combinations; a run has 1000 jobs at most/,
  ],
  "jobs of a matrix with very many steps": [
    `${head}jobs:\n  t:\n    image: a\n    matrix: { x: [${texts(900)}] }\n    steps: [${texts(3000)}]\n`,
    "6:5",
    /the 900 jobs have \d+ steps, variables and other values together; 2000000 are allowed/,
  ],
  "a row of 11,000 operators": [
    jobs([`  t: { image: a, steps: ["\${{ ${list(11_000, () => "a").join("||")} }}"] }\n`]),
    "4:",
    /it has more than 1000 words and signs/,
  ],
  "a script that is too long": [
    jobs([`  t: { image: a, steps: ["${"x".repeat(100_001)}"] }\n`]),
    "4:26",
    /jobs\.t\.steps\[0\] must have at most 100000 characters/,
  ],
  "a million little values": [
    oneJob(`    secrets: [${"a,".repeat(300_000)}]\n`),
    "7:",
    /more than 250000 words and signs/,
  ],
  "a list without end": [
    oneJob(`    platforms: [${list(20_000, (index) => `linux/a${index}`).join()}]\n`),
    "7:16",
    /jobs\.t\.platforms has more than 10000 entries/,
  ],
  "a long list of mistakes": [
    oneJob(`    platforms: [${list(3000, (index) => `linux/a${index}`).join()}]\n`),
    "7:17",
    /a0[^]*and \d+ more\.$/,
  ],
  "aliases of something large": [
    jobs([`  j: &a { image: a, steps: [${"a,".repeat(50_000)}] }\n`, ...list(90, (index) => `  k${index}: *a\n`)]),
    "5:",
    /aliases of aliases make this file far larger than it looks/,
  ],
  "a wheel of jobs that wait for each other": [
    jobs(list(1000, (index) => job(`j${index}`, `, needs: j${(index + 1) % 1000}`))),
    "4:",
    /wait for each other: j0 → j1 .* → j19 → … → j0\.$/,
  ],
  "as many mistakes as there is room for": [
    jobs(list(1000, (index) => job(`j${index}`, `, needs: [${list(20, (other) => `x${other}`).join()}]`))),
    "4:",
    /there is no job "x0"\.\n[^]*and 19990 more\.$/,
  ],
};

describe("pipelines that are too large", () => {
  for (const [name, [text, place, message]] of Object.entries(refused)) {
    test(name, { timeout: 60_000 }, () => {
      assert.throws(
        () => parseConfig(text, "/r/.archway.yaml"),
        (error) => {
          assert.ok(error instanceof ArchwayError, String(error));
          assert.match(error.message, message);
          const { line, column } = error.place ?? {};
          assert.ok(`${line}:${column}`.startsWith(place), `${line}:${column}`);
          return true;
        },
      );
    });
  }

  test("what is not too large is taken: long chains, and jobs that need all before them", { timeout: 60_000 }, () => {
    assert.equal(Object.keys(parseConfig(chain(1000), "/r/.archway.yaml").jobs).length, 1000);
    const dense = list(300, (index) =>
      job(`j${index}`, index === 0 ? "" : `, needs: [${list(index, (other) => `j${other}`).join()}]`),
    );
    const uses = `  z: { image: a, needs: j299, steps: ["\${{ jobs.j0.status }}"] }\n`;
    assert.equal(
      Object.keys(parseConfig(jobs([...dense.slice(1).toReversed(), dense[0] ?? "", uses]), "/r/x").jobs).length,
      301,
    );
  });
});
