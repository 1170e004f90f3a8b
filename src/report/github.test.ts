import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Finding, Severity } from "../finding/finding.ts";
import { formatGithub } from "./github.ts";
import { arm64, hostileImages, mixedImage, platformOf, unreadLayer, wrongEntrypoint } from "./test-images.ts";

interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** What GitHub's runner takes for a command in a line of output (actions/runner, `ActionCommand`): the newer kind, then the older. */
function parseCommand(line: string): Command | undefined {
  const [, name = "", pairs = "", data = ""] = /^\s*::([^: ]+)(?: ([^:]*))?::(.*)$/s.exec(line) ?? [];
  if (name === "") {
    assert.doesNotMatch(line, /##\[/, "a command of the older kind");
    return undefined;
  }
  const properties = pairs.split(",").map((pair) => {
    const at = pair.indexOf("=");
    return [
      pair.slice(0, at),
      unescape(pair.slice(at + 1), { "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%" }),
    ] as const;
  });
  return {
    name,
    properties: Object.fromEntries(properties),
    message: unescape(data, { "%0D": "\r", "%0A": "\n", "%25": "%" }),
  };
}

function unescape(text: string, codes: Readonly<Record<string, string>>): string {
  return text.replaceAll(/%[0-9A-F]{2}/g, (code) => codes[code] ?? assert.fail(`${code} is no escape`));
}

const linesOf = (text: string) => text.split("\n").slice(0, -1);

describe("GitHub", () => {
  test("a finding is an annotation with its platform, and the verdicts follow", () => {
    const [first = "", second = "", ...rest] = linesOf(formatGithub([mixedImage], { toolVersion: "1" }));
    assert.match(
      first,
      /^::error title=entrypoint-wrong-architecture \(linux\/arm64\)::registry\.example:5000\/team\/app:1\.4 \/usr\/bin\/app: \/usr\/bin\/app \(entrypoint\) is .*%0Alayer: 2, .*%0Afix: Remove the default\.$/,
    );
    assert.match(second, /^::notice title=library-wrong-architecture/);
    assert.deepEqual(rest, ["archway: registry.example:5000/team/app:1.4: fail (linux/amd64 pass, linux/arm64 fail)"]);
  });

  test("it is shown at its line of the repository, or at the Dockerfile", () => {
    const finding: Finding = { ...wrongEntrypoint, path: "./a,b:c%.sh", line: 3, endLine: 5, column: 2 };
    const image = { ...mixedImage, findings: [finding], platforms: [platformOf(arm64, "fail", [wrongEntrypoint])] };
    const [atLine = "", atFile = ""] = linesOf(
      formatGithub([image], { toolVersion: "1", dockerfile: "docker/Dockerfile" }),
    );
    assert.match(atLine, /^::error title=[^,]*,file=a%2Cb%3Ac%25\.sh,line=3,endLine=5,col=2::\.\/a,b:c%25\.sh:3:2: /);
    assert.match(atFile, /^::error title=[^,]*,file=docker\/Dockerfile::/);
  });

  test("as many as GitHub shows of each kind, the heaviest first, and the others counted", () => {
    const of = (severity: Severity, count: number) =>
      Array.from({ length: count }, (_, index): Finding => ({ ...unreadLayer, severity, path: `/${index}` }));
    const findings = [...of("note", 3), ...of("warning", 12), ...of("error", 11)];
    const lines = linesOf(formatGithub([{ ...mixedImage, findings, platforms: [] }], { toolVersion: "1" }));
    assert.deepEqual(
      lines.map((line) => /^::(\w+)/.exec(line)?.[1] ?? "plain"),
      [
        ...Array<string>(10).fill("error"),
        ...Array<string>(10).fill("warning"),
        ...Array<string>(3).fill("notice"),
        "plain",
        "plain",
      ],
    );
    assert.match(lines.at(-1) ?? "", /^archway: 3 more findings: /);
  });

  test("no images, no output", () => {
    assert.equal(formatGithub([], { toolVersion: "1" }), "");
  });

  test("no text of strangers becomes a command, a property or an escape sequence", () => {
    fc.assert(
      fc.property(hostileImages, (images) => {
        const text = formatGithub(images, { toolVersion: "1", dockerfile: "Dockerfile" });
        assert.doesNotMatch(text, /[^\P{Cc}\n]|[\u202A-\u202E\u2066-\u2069]/u);
        const parsed = text.split(/\r\n|[\r\n]/).map(parseCommand);
        const commands = parsed.filter((one) => one !== undefined);
        const findings = images.flatMap((image) => [
          ...image.findings,
          ...image.platforms.flatMap((one) => one.findings),
        ]);
        assert.equal(commands.length, findings.length);
        for (const { name, properties } of commands) {
          assert.match(name, /^(error|warning|notice)$/);
          for (const key of Object.keys(properties)) assert.match(key, /^(title|file|line|endLine|col)$/);
        }
        assert.equal(parsed.length - commands.length, images.length + 1);
      }),
    );
  });
});
