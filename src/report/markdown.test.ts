import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Finding } from "../finding/finding.ts";
import { formatMarkdown } from "./markdown.ts";
import {
  amd64,
  arm64,
  digestOf,
  hostileImages,
  mixedImage,
  platformOf,
  unreadLayer,
  wrongEntrypoint,
} from "./test-images.ts";

const options = { toolVersion: "1.2.3" };

/** The text as a person sees it: tags gone, character references read. */
function shown(markdown: string): string {
  return markdown
    .replaceAll("<br>", "\n")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/&#(\d+);/g, (_, number: string) => String.fromCharCode(Number(number)));
}

describe("Markdown", () => {
  test("a table of the platforms, and the findings folded below", () => {
    const lines = shown(formatMarkdown([mixedImage], options)).split("\n");
    assert.deepEqual(lines.slice(2, 10), [
      "### ❌ registry.example:5000/team/app:1.4: fail",
      "",
      digestOf("ef"),
      "",
      "| platform | verdict | findings | size | digest |",
      "| --- | --- | --- | --- | --- |",
      `| linux/amd64 | ✅ pass |  | 4.2 MB | sha256:${"cd".repeat(6)} |`,
      `| linux/arm64 | ❌ fail | 1 error, 1 note | 4.2 MB | sha256:${"cd".repeat(6)} |`,
    ]);
    assert.equal(lines[11], "registry.example:5000/team/app:1.4 linux/arm64: 1 error, 1 note");
    const first = lines.indexOf("- **error** /usr/bin/app (entrypoint-wrong-architecture)");
    assert.match(lines[first + 1] ?? "", /is linux\/amd64 code/);
    assert.ok(lines.includes("fix: Remove the default."));
    assert.ok(lines.includes("- **note** /fw/a.so (library-wrong-architecture)"));
    assert.equal(lines.at(-2), "archway 1.2.3");
  });

  test("findings about the index are told, and a table without sizes has no column for them", () => {
    const image = {
      ...mixedImage,
      findings: [{ ...unreadLayer, rule: "duplicate-platform", message: "Twice." }],
      platforms: [{ platform: amd64, digest: digestOf("aa"), verdict: "pass", findings: [] } as const],
    };
    const text = shown(formatMarkdown([image], options));
    assert.match(text, /, about the index: 1 warning\n/);
    assert.match(text, /\| platform \| verdict \| findings \| digest \|/);
    assert.match(text, /index: 1 warning\n\n- \*\*warning\*\* \(duplicate-platform\)\nTwice\.\n\n/);
  });

  test("it ends within GitHub's limit and says what is missing", () => {
    const findings = Array.from({ length: 9_000 }, (_, index): Finding => ({
      ...wrongEntrypoint,
      path: `/日本/${index}`,
    }));
    const text = formatMarkdown([{ ...mixedImage, platforms: [platformOf(arm64, "fail", findings)] }], options);
    assert.ok(Buffer.byteLength(text) <= 1024 * 1024);
    assert.ok(Buffer.byteLength(text) > 1024 * 1024 - 2_000);
    assert.match(text, /<\/details>\n\n\d+ more parts did not fit: `--format text` shows all\.\n/);
  });

  test("no text of strangers is markup", () => {
    fc.assert(
      fc.property(hostileImages, (images) => {
        const text = formatMarkdown(images, options);
        assert.doesNotMatch(text, /[^\P{Cc}\n]|[\u202A-\u202E\u2066-\u2069]/u);
        assert.ok(text.isWellFormed());
        const tags = [...text.matchAll(/<[^>]*>?/g)].map(([tag]) => tag);
        for (const tag of tags) assert.match(tag, /^<\/?(?:code|details|summary|sub)>$|^<br>$/);
        assert.equal(
          tags.filter((tag) => tag === "<details>").length,
          tags.filter((tag) => tag === "</details>").length,
        );
        for (const line of text.split("\n")) {
          if (line.startsWith("|")) assert.equal(line.split("|").length - 1, 5, line);
          assert.match(
            line,
            /^(?:$|## |### [✅❌❔] |<code>|\| |<details>|<\/details>|- \*\*(?:error|warning|note)\*\* |<sub>)/u,
          );
          // Our own emphasis taken away, nothing that Markdown knows is left outside of tags and character references.
          const rest = line.replace(/^- \*\*\w+\*\* |^#{2,3} |^\| (?=-)/, "").replaceAll(/&#\d+;|<[^>]*>/g, "");
          if (!rest.startsWith("|") && !line.startsWith("|")) assert.doesNotMatch(rest, /[`*_~[\]\\@$]|www\./i, line);
        }
      }),
    );
  });
});
