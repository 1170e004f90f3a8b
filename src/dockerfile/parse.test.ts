import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import type { CopyInstruction, Instruction, RunInstruction } from "./instruction.ts";
import { parseDockerfile, type Dockerfile } from "./parse.ts";
import { offsetAt, type Word } from "./source.ts";

/** The instructions of a Dockerfile whose first line, `FROM base`, is added. */
function instructions(text: string): readonly Instruction[] {
  return parseDockerfile(`FROM base\n${text}`).stages[0]?.instructions ?? [];
}

function only<Keyword extends Instruction["keyword"]>(
  text: string,
  keyword: Keyword,
): Instruction & { keyword: Keyword } {
  const [instruction, ...more] = instructions(text);
  assert.equal(more.length, 0);
  assert.ok(instruction !== undefined && isKind(instruction, keyword), `${instruction?.keyword} is no ${keyword}`);
  return instruction;
}

function isKind<Keyword extends Instruction["keyword"]>(
  instruction: Instruction,
  keyword: Keyword,
): instruction is Instruction & { keyword: Keyword } {
  return instruction.keyword === keyword;
}

function texts(words: readonly Word[]): string[] {
  return words.map(({ text }) => text);
}

/** The error that parsing throws, with its place. */
function failure(input: string | Uint8Array): ArchwayError {
  try {
    parseDockerfile(input, "app/Dockerfile");
  } catch (error) {
    assert.ok(error instanceof ArchwayError, String(error));
    assert.equal(error.code, "DOCKERFILE_INVALID");
    assert.equal(error.kind, "input");
    assert.equal(error.place?.file, "app/Dockerfile");
    return error;
  }
  return assert.fail("it was parsed");
}

describe("parseDockerfile", () => {
  it("reads stages, names and platforms, and ARGs before the first FROM", () => {
    const { globalArgs, stages } = parseDockerfile(
      "ARG VERSION=1.2 OTHER\nFROM --platform=$BUILDPLATFORM golang:$VERSION AS Build\nfrom scratch\n",
    );
    assert.deepEqual(
      globalArgs.flatMap(({ args }) => args.map(({ name, value }) => [name.text, value?.text])),
      [
        ["VERSION", "1.2"],
        ["OTHER", undefined],
      ],
    );
    assert.deepEqual(
      stages.map(({ index, name, from }) => [index, name, from.base.text, from.platform?.text]),
      [
        [0, "build", "golang:$VERSION", "$BUILDPLATFORM"],
        [1, undefined, "scratch", undefined],
      ],
    );
  });

  it("says where every word stands", () => {
    const text = "FROM alpine AS one\r\n\tCOPY --from=x \\\r\n  # why\r\n  a\\\r\nb  /c/\r\n";
    const { stages } = parseDockerfile(text);
    const copy = stages[0]?.instructions[0] as CopyInstruction;
    assert.deepEqual(copy.range.start, { line: 2, column: 2, offset: 21 });
    assert.deepEqual(copy.range.end, { line: 5, column: 7, offset: text.length - 2 });
    assert.deepEqual(texts(copy.sources), ["ab"]);
    assert.deepEqual(copy.sources[0]?.range.start.line, 4);
    assert.deepEqual(copy.sources[0]?.range.end, { line: 5, column: 2, offset: text.indexOf("b  /c/") + 1 });
    assert.equal(copy.from?.text, "x");
    assert.equal(text.slice(copy.from.range.start.offset, copy.from.range.end.offset), "x");
    assert.equal(text.slice(copy.destination.range.start.offset, copy.destination.range.end.offset), "/c/");
  });

  it("maps a script over several lines back to the file", () => {
    const text = "FROM a\nRUN one && \\\n    # comment\n\n    two\n";
    const run = parseDockerfile(text).stages[0]?.instructions[0] as RunInstruction;
    assert.ok(run.command.form === "shell");
    const { script } = run.command;
    assert.equal(script.text, "one &&     two");
    assert.equal(offsetAt(script.pieces, script.text.indexOf("two")), text.indexOf("two"));
    assert.deepEqual(parseDockerfile(text).blankContinuations, [4]);
    assert.deepEqual(parseDockerfile(text).comments, [{ text: "comment", line: 3 }]);
  });

  it("tells the exec form from the shell form", () => {
    const exec = only('CMD [ "a", "b c", "d\\"e", "\\u0041" ]', "CMD");
    assert.ok(exec.command.form === "exec");
    assert.deepEqual(texts(exec.command.words), ["a", "b c", 'd"e', "A"]);
    for (const shell of ["['a']", '["a"', '["a"] b', "a [1]"]) {
      const { command } = only(`ENTRYPOINT ${shell}`, "ENTRYPOINT");
      assert.ok(command.form === "shell");
      assert.equal(command.script.text, shell);
    }
    assert.match(failure("FROM a\nCMD [1]").message, /arrays must be comprised of strings only/);
  });

  it("reads every flag of COPY, ADD and RUN", () => {
    const copy = only('COPY --link --chown=1:"2" --chmod=755 --parents=false --exclude=*.md --exclude=a b /c', "COPY");
    assert.deepEqual(
      [copy.link, copy.parents, copy.chown?.text, copy.chmod?.text, texts(copy.exclude)],
      [true, false, "1:2", "755", ["*.md", "a"]],
    );
    const add = only("ADD --keep-git-dir=true --checksum=sha256:0 --unpack=false https://x/y /", "ADD");
    assert.deepEqual([add.keepGitDir, add.unpack, add.checksum?.text], [true, false, "sha256:0"]);
    const run = only(
      "RUN --network=none --security=insecure --device=vendor.com/x --mount=type=cache,id=$A,target=/x --mount=from=b,ro true",
      "RUN",
    );
    assert.deepEqual([run.network, run.security, texts(run.devices)], ["none", "insecure", ["vendor.com/x"]]);
    assert.deepEqual(run.mounts[0]?.fields, [
      { key: "type", value: "cache" },
      { key: "id", value: "$A" },
      { key: "target", value: "/x" },
    ]);
    assert.deepEqual(run.mounts[1]?.fields, [{ key: "from", value: "b" }, { key: "ro" }]);
  });

  it("reads ENV, LABEL and ARG pairs with quotes and the old spelling", () => {
    const env = only("ENV A=1 B=\"x y\" C='$D' D=e\\ f", "ENV");
    assert.deepEqual(
      env.pairs.map(({ name, value }) => [name.text, value.text]),
      [
        ["A", "1"],
        ["B", '"x y"'],
        ["C", "'$D'"],
        ["D", "e\\ f"],
      ],
    );
    const old = only("LABEL name   the rest = all", "LABEL");
    assert.equal(old.legacy, true);
    assert.deepEqual(old.pairs.map(({ name, value }) => [name.text, value.text])[0], ["name", "the rest = all"]);
  });

  it("reads heredocs: several, quoted, with a descriptor, without leading tabs", () => {
    const [copy, run, script] = instructions(
      "COPY <<one <<-'two' /x/\n$A\n#no comment\none\n\tb \\\n\ttwo\nRUN 3<<EOF cat <<  \"END x\"\nq\nEOF\nw\nEND x\nRUN ls",
    );
    assert.deepEqual(
      copy?.heredocs.map(({ name, expand, chomp, content }) => [name, expand, chomp, content]),
      [
        ["one", true, false, "$A\n#no comment\n"],
        ["two", false, true, "\tb \\\n"],
      ],
    );
    assert.deepEqual(copy?.range.end.line, 7);
    assert.deepEqual(
      run?.heredocs.map(({ name, descriptor }) => [name, descriptor]),
      [
        ["EOF", 3],
        ["END x", 0],
      ],
    );
    assert.equal(script?.keyword, "RUN");
  });

  it("takes << for an operator where no heredoc can be", () => {
    const texts = ["RUN echo $((1<<2))", 'RUN ["a", "<<EOF"]', 'RUN echo "<<EOF"', "CMD <<EOF", "RUN cat<<EOF"];
    for (const text of texts) assert.equal(instructions(text)[0]?.heredocs.length, 0, text);
  });

  it("keeps ONBUILD triggers, and what is wrong with them, for later", () => {
    const [good, bad, heredoc] = instructions("ONBUILD COPY --from=x a b\nONBUILD FOO\nONBUILD RUN <<E\nx\nE");
    assert.ok(good?.keyword === "ONBUILD" && good.trigger?.keyword === "COPY");
    assert.equal(good.trigger.from?.text, "x");
    assert.ok(bad?.keyword === "ONBUILD");
    assert.match(bad.problem ?? "", /unknown instruction: FOO/);
    assert.ok(heredoc?.keyword === "ONBUILD");
    assert.equal(heredoc.trigger?.heredocs[0]?.content, "x\n");
  });

  it("reads directives and obeys the escape character", () => {
    const { directives, escape, stages } = parseDockerfile(
      "# syntax = docker/dockerfile:1\n#escape=`\n# check=skip=all\nFROM a\nRUN dir C:\\ `\n  x\nCOPY a C:\\\n",
    );
    assert.deepEqual(
      directives.map(({ name, value, line }) => [name, value, line]),
      [
        ["syntax", "docker/dockerfile:1", 1],
        ["escape", "`", 2],
        ["check", "skip=all", 3],
      ],
    );
    assert.equal(escape, "`");
    assert.equal(stages[0]?.instructions.length, 2);
    assert.equal(parseDockerfile("# hello\n# escape=`\nFROM a\n").escape, "\\");
  });

  it("continues a line only where the last character is an escape that is not escaped", () => {
    const keywords = (text: string): string[] =>
      instructions(text).map(({ keyword, source }) => `${keyword} ${source.length}`);
    assert.deepEqual(keywords("RUN a \\  \n&& b\nRUN c"), ["RUN 10", "RUN 5"]);
    assert.deepEqual(keywords("RUN a\\\\\nRUN c"), ["RUN 7", "RUN 5"]);
    assert.deepEqual(keywords("RUN a \\ b\nRUN c\\"), ["RUN 9", "RUN 5"]);
  });

  it("reads a file with a byte-order mark and invalid UTF-8 in a comment", () => {
    const bytes = Buffer.concat([Buffer.from("\ufeffFROM a\n# caf"), Buffer.from([0xe9]), Buffer.from("\nRUN b\n")]);
    const { stages } = parseDockerfile(bytes);
    assert.equal(stages[0]?.from.range.start.column, 1);
    assert.equal(stages[0]?.instructions[0]?.range.start.line, 3);
  });

  const refusals: readonly (readonly [text: string | Uint8Array, message: RegExp, line?: number, column?: number])[] = [
    ["", /cannot be empty/],
    ["\n# only\n", /file with no instructions/],
    [Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]), /not text/, 1, 5],
    [Buffer.from("\ufeffFROM a", "utf16le"), /UTF-16/],
    [Buffer.alloc(9 * 1024 * 1024, 0x20), /9437184 bytes/],
    ["FROM a\nFORM b\n", /unknown instruction: FORM \(did you mean FROM\?\)/, 2, 1],
    ["FROM a\n  RUNN b\n", /unknown instruction: RUNN \(did you mean RUN\?\)/, 2, 3],
    ["FROM\u00a0a\n", /unknown instruction/, 1, 1],
    ["RUN x\n", /no build stage in current context/, 1, 1],
    ["FROM a b\n", /either one or three arguments/, 1, 1],
    ["FROM a AS 1x\n", /invalid name for build stage: "1x"/, 1, 11],
    ["FROM --plattform=x a\n", /unknown flag: --plattform \(did you mean platform\?\)/, 1, 6],
    ["FROM a\nCOPY --from=a --from=b c d\n", /duplicate flag specified: --from/, 2, 15],
    ["FROM a\nCOPY --link=maybe c d\n", /expecting boolean value/, 2, 6],
    ["FROM a\nCOPY --chown c d\n", /missing a value on flag: --chown/, 2, 6],
    ["FROM a\nCOPY x\n", /requires at least two arguments/, 2, 1],
    ["FROM a\nCOPY x <<EOF\nEOF\n", /cannot accept a heredoc as a destination/, 2, 8],
    ["FROM a\nENV\n", /ENV requires at least one argument/, 2, 1],
    ["FROM a\nENV x\n", /ENV must have two arguments/, 2, 5],
    ["FROM a\nENV a=b c\n", /can't find = in "c"/, 2, 9],
    ["FROM a\nENV =b\n", /names can not be blank/, 2, 5],
    ["FROM a\nRUN --network=lan x\n", /invalid network mode "lan"/, 2, 15],
    ["FROM a\nRUN --mount=from=$x,target=/y z\n", /doesn't support variable expansion/, 2, 13],
    ["FROM a\nRUN <<EOF\nx\n", /unterminated heredoc/, 2, 1],
    ["FROM a\nSHELL sh -c\n", /JSON form/, 2, 7],
    ["FROM a\nHEALTHCHECK CMDD x\n", /Unknown type "CMDD"/, 2, 13],
    ["FROM a\nHEALTHCHECK --interval=5 CMD x\n", /invalid value for --interval/, 2, 24],
    ["FROM a\nHEALTHCHECK CMD\n", /Missing command/, 2, 13],
    ["FROM a\nONBUILD ONBUILD RUN x\n", /Chaining ONBUILD/, 2, 9],
    ["FROM a\nONBUILD FROM x\n", /FROM isn't allowed/, 2, 9],
    ['FROM a\nVOLUME [" "]\n', /VOLUME specified can not be an empty string/, 2, 9],
    ["FROM a\nUSER\n", /USER requires exactly one argument/, 2, 1],
    ["#escape=x\nFROM a\n", /invalid escape token 'x'/, 1, 1],
    ["#escape=`\n#escape=`\nFROM a\n", /only one escape parser directive/, 2, 1],
    [`FROM a\nRUN ${"x".repeat(70_000)}\n`, /max allowed size of 65535/, 2, 1],
  ];
  for (const [text, message, line, column] of refusals) {
    const shown = JSON.stringify(typeof text === "string" ? text : [...text.subarray(0, 8)]).slice(0, 60);
    it(`refuses ${shown}`, () => {
      const error = failure(text);
      assert.match(error.message, message);
      assert.deepEqual([error.place?.line, error.place?.column], [line, column]);
    });
  }
});

/** Pieces that make the parser's cases meet. */
const fragments = [
  "FROM a|FROM|RUN|COPY|ADD|ENV|ARG|CMD|ONBUILD|HEALTHCHECK|SHELL|EXPOSE|LABEL".split("|"),
  ["\n", "\n", "\n", "\r\n", "\\\n", " \\ \n", "`\n", "# c\n", "#escape=`\n", " ", " ", "\t", "\u00a0", "\ufeff"],
  ["a=b", "$A", "${A:-b}", "${", "}", "'", '"', "\\", "`", "[", "]", '["a"]', ",", "<<EOF", "<<-", "EOF\n", "3<<X"],
  ["--from=x", "--mount=type=cache,target=/x", "--", "--x=", "AS", "é", "💥", "1", "/", "=", "<", "type=bind"],
].flat();

/** Text of Dockerfile-like pieces. */
const dockerfileText = fc
  .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...fragments) }, fc.string({ maxLength: 4 })), {
    maxLength: 40,
  })
  .map((parts) => parts.join(""));

function parseOrRefuse(input: string | Uint8Array): Dockerfile | undefined {
  try {
    return parseDockerfile(input);
  } catch (error) {
    if (error instanceof ArchwayError && error.code === "DOCKERFILE_INVALID") return undefined;
    throw error;
  }
}

describe("parseDockerfile on anything", () => {
  it("returns a Dockerfile or refuses it", () => {
    fc.assert(
      fc.property(dockerfileText, (text) => void parseOrRefuse(`FROM a\n${text}`)),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseOrRefuse(bytes)));
  });

  it("gives ranges that follow each other and hold what they say", () => {
    fc.assert(
      fc.property(dockerfileText, (text) => {
        const dockerfile = parseOrRefuse(`FROM a\n${text}`);
        if (dockerfile === undefined) return;
        const source = dockerfile.source.text;
        let end = 0;
        for (const { from, instructions } of dockerfile.stages) {
          for (const { keyword, range } of [from, ...instructions]) {
            assert.ok(range.start.offset >= end && range.end.offset >= range.start.offset);
            end = range.end.offset;
            const written = source.slice(range.start.offset, range.end.offset).replace(/[\\`][ \t]*\r*\n/g, "");
            assert.equal(written.slice(0, keyword.length).toUpperCase(), keyword);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("gives each word the place where it stands", () => {
    const word = fc.stringMatching(/^[a-z0-9./_-]{1,8}$/).filter((text) => !text.startsWith("--"));
    const gap = fc.constantFrom(" ", "  ", "\t", " \\\n", " \\\n # c\n\t", " \\\r\n\r\n ");
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, word), { minLength: 2, maxLength: 8 }), (parts) => {
        const text = `FROM a\nCOPY${parts.map(([blank, path]) => blank + path).join("")}`;
        const copy = parseDockerfile(text).stages[0]?.instructions[0] as CopyInstruction;
        const words = [...copy.sources, copy.destination];
        assert.deepEqual(
          words.map(({ range }) => text.slice(range.start.offset, range.end.offset)),
          parts.map(([, path]) => path),
        );
      }),
    );
  });
});

describe("parseDockerfile at scale", () => {
  it("reads 10,000 lines in 0.3 s", () => {
    const block =
      'RUN apt-get update \\\n && apt-get install -y \\\n    curl $A\nENV A=1 B="x y"\nCOPY --from=x a b /c/\n';
    const text = `FROM a\n${block.repeat(2000)}`;
    parseDockerfile(text);
    const times = [1, 2, 3].map(() => {
      const start = process.cpuUsage();
      parseDockerfile(text);
      return process.cpuUsage(start).user / 1e6;
    });
    assert.ok(Math.min(...times) < 0.3, `${Math.min(...times)} s`);
  });

  const hostile: readonly (readonly [name: string, text: string])[] = [
    ["a line that never ends", `FROM a\nRUN ${"x \\\n".repeat(300_000)}`],
    ["quotes that never close", `FROM a\n${'ENV A="'.repeat(200_000).replace(/(.{60000})/g, "$1\\\n")}`],
    ["nested substitutions", `FROM a\nRUN <<${"${a:-".repeat(10_000)}`],
    ["nested triggers", `FROM a\n${"ONBUILD ".repeat(8000)}RUN x`],
    ["deep JSON", `FROM a\nRUN ${"[".repeat(60_000)}`],
    ["blanks", `FROM a\n#escape${" ".repeat(60_000)}x\nENV a=b${" ".repeat(60_000)}`],
    ["directive of blanks", `#escape=${" ".repeat(60_000)}x y\nFROM a`],
    ["many heredocs", `FROM a\nRUN ${"<<a ".repeat(10_000)}\n`],
  ];
  for (const [name, text] of hostile) {
    it(`ends soon on ${name}`, () => {
      const start = process.cpuUsage();
      parseOrRefuse(text);
      const seconds = process.cpuUsage(start).user / 1e6;
      assert.ok(seconds < 3, `${seconds} s`);
    });
  }
});
