import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Finding } from "../finding/finding.ts";
import { formatJunit } from "./junit.ts";
import type { ReportedImage } from "./reported-image.ts";
import {
  allowedFirmware,
  amd64,
  arm64,
  hostileImages,
  mixedImage,
  platformOf,
  unreadLayer,
  wrongEntrypoint,
} from "./test-images.ts";

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const characters = "[\\t\\n\\r\\u0020-\\uD7FF\\uE000-\\uFFFD\\u{10000}-\\u{10FFFF}]";

/** Reads the subset of XML 1.0 that reports need, and throws at everything that is not well-formed. */
function parseXml(xml: string): Element {
  assert.match(xml, new RegExp(`^${characters}*$`, "u"));
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
  assert.ok(xml.startsWith(head));
  const top: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [top];
  const token = /<\/([a-z-]+)>|<([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
  for (token.lastIndex = head.length; token.lastIndex < xml.length;) {
    const at = token.lastIndex;
    const [, end, start, pairs = "", empty, text] = token.exec(xml) ?? assert.fail(`no XML: ${xml.slice(at, at + 80)}`);
    const current = open.at(-1) ?? assert.fail("text after the end");
    if (end !== undefined) assert.equal(open.pop()?.name, end);
    if (text !== undefined) current.text += unescape(text);
    if (start === undefined) continue;
    const attributes = [...pairs.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [
      key,
      unescape(value),
    ]);
    const element = { name: start, attributes: Object.fromEntries(attributes), children: [], text: "" };
    current.children.push(element);
    if (empty === "") open.push(element);
  }
  assert.equal(open.length, 1, "an element is not closed");
  return top.children[0] ?? assert.fail("there is no element");
}

function unescape(text: string): string {
  assert.doesNotMatch(text, /&(?!(?:amp|lt|gt|quot);)|\]\]>/);
  const named = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return text.replaceAll(/&(amp|lt|gt|quot);/g, (_, name: keyof typeof named) => named[name]);
}

const options = { toolVersion: "1.2.3" };

/** Suite → case → outcome. */
function outcomes(
  images: readonly ReportedImage[],
  more: Parameters<typeof formatJunit>[1] = options,
): Record<string, Record<string, string>> {
  const suites = parseXml(formatJunit(images, more)).children;
  return Object.fromEntries(
    suites.map((suite) => [
      suite.attributes["name"] ?? "",
      Object.fromEntries(
        suite.children.map((one) => [one.attributes["name"] ?? "", one.children[0]?.name ?? "passed"]),
      ),
    ]),
  );
}

const passed = {
  "all evidence could be read": "passed",
  "config and layers are of the declared platform": "passed",
  "the entrypoint finds all that it needs to start": "passed",
  "all machine code is of the declared architecture": "passed",
};

describe("JUnit", () => {
  test("what passed is seen, what failed says why", () => {
    const image = "registry.example:5000/team/app:1.4";
    assert.deepEqual(outcomes([mixedImage]), {
      [image]: { "the index and its entries agree": "passed" },
      [`${image} linux/amd64`]: passed,
      [`${image} linux/arm64`]: { ...passed, "all machine code is of the declared architecture": "failure" },
    });
    const root = parseXml(formatJunit([mixedImage], options));
    assert.deepEqual(root.attributes, { name: "archway 1.2.3", tests: "9", failures: "1", errors: "0", skipped: "0" });
    const failure = root.children[2]?.children[3]?.children[0];
    assert.equal(failure?.attributes["type"], "entrypoint-wrong-architecture");
    assert.match(
      failure?.attributes["message"] ?? "",
      /^1 error, 1 note: \/usr\/bin\/app \(entrypoint\) is linux\/amd64 code/,
    );
    assert.match(
      failure?.text ?? "",
      /^error \/usr\/bin\/app [^]*made by: COPY --from=build[^]*fix: Remove the default\.\nnote \/fw\/a\.so/,
    );
  });

  test("what is allowed is skipped, with the reason", () => {
    const image = { ...mixedImage, platforms: [platformOf(arm64, "pass", [allowedFirmware])] };
    const [, suite] = parseXml(formatJunit([image], options)).children;
    assert.equal(suite?.attributes["skipped"], "1");
    assert.deepEqual(suite.children[3]?.children[0]?.attributes, { message: "allowed: firmware" });
  });

  test("missing evidence is an error, and what could not be asked does not count as passed", () => {
    const platforms = [
      platformOf(amd64, "undecided", [unreadLayer]),
      platformOf(arm64, "fail", [unreadLayer, wrongEntrypoint]),
    ];
    const [image, ...suites] = Object.values(outcomes([{ ...mixedImage, verdict: "fail", platforms }]));
    assert.deepEqual(image, { "the index and its entries agree": "passed" });
    assert.deepEqual(
      suites.map((suite) => Object.values(suite)),
      [
        ["error", "skipped", "skipped", "skipped"],
        ["error", "passed", "passed", "failure"],
      ],
    );
  });

  test("an image of which nothing could be read is an error", () => {
    const undecided: ReportedImage = { ...mixedImage, verdict: "undecided", findings: [], platforms: [] };
    assert.deepEqual(Object.values(outcomes([undecided])), [
      { "the index and its entries agree": "skipped", "all evidence could be read": "error" },
    ]);
  });

  test("the threshold decides what fails, as the exit code does", () => {
    const warning: Finding = { ...wrongEntrypoint, severity: "warning" };
    const image = { ...mixedImage, platforms: [platformOf(arm64, "pass", [warning])] };
    const caseOf = (threshold: "error" | "warning") =>
      Object.values(outcomes([image], { ...options, threshold })).at(-1);
    assert.equal(caseOf("error")?.["all machine code is of the declared architecture"], "system-out");
    assert.equal(caseOf("warning")?.["all machine code is of the declared architecture"], "failure");
  });

  test("of many findings the first twenty are told, and the others counted", () => {
    const findings = Array.from({ length: 23 }, (_, index) => ({ ...wrongEntrypoint, path: `/${100 + index}` }));
    const image = { ...mixedImage, platforms: [platformOf(arm64, "fail", findings)] };
    const text = parseXml(formatJunit([image], options)).children[1]?.children[3]?.children[0]?.text ?? "";
    assert.match(text, /\/119 [^]*\nand 3 more findings$/);
    assert.doesNotMatch(text, /\/120 /);
  });

  test("no text of strangers breaks the XML", () => {
    fc.assert(
      fc.property(hostileImages, (images) => {
        const root = parseXml(formatJunit(images, options));
        const suites = images.reduce((sum, { platforms }) => sum + 1 + platforms.length, 0);
        assert.equal(root.children.length, suites);
        const cases = root.children.flatMap(({ children }) => children);
        assert.equal(root.attributes["tests"], String(cases.length));
        assert.ok(cases.every(({ children }) => children.length <= 1));
      }),
    );
  });

  const python = spawnSync("python3", ["-c", "import xml.etree"]).status === 0;
  test("another parser reads the same", { skip: python ? false : "needs python3" }, () => {
    const count =
      "import sys, xml.etree.ElementTree as t\nfor p in sys.argv[1:]: print(len(t.fromstring(p.encode()).findall('.//testcase')))";
    const reports = fc.sample(hostileImages, 50).map((images) => formatJunit(images, options));
    const { stdout, stderr, status } = spawnSync("python3", ["-c", count, ...reports], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      stdout.trim().split("\n"),
      reports.map((report) => String(report.match(/<testcase /g)?.length ?? 0)),
    );
  });
});
