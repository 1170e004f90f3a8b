import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Finding } from "../../finding/finding.ts";
import type { MadeEntry } from "../layer/test-image.ts";
import { amd64, arm64, makeElf } from "../program/test-elf.ts";
import { makeZip } from "../program/test-zip.ts";
import { Exceptions } from "./allow.ts";
import { brief, findingsOf } from "./test-findings.ts";

const linuxArm64 = { os: "linux", architecture: "arm64" };
const program = makeElf({ ...amd64, type: 2 });
const library = makeElf({ ...amd64, type: 3 });

/** Programs for another architecture with the names `x000`, `x001`… */
function programs(folder: string, count: number): MadeEntry[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${folder}/x${number(index)}`, content: program }));
}

function number(index: number): string {
  return String(index).padStart(3, "0");
}

function allowing(...globs: readonly string[]) {
  return { allow: globs.map((path) => ({ path, reason: "for guests" })) };
}

function split(findings: readonly Finding[]): { judged: readonly Finding[]; notes: readonly Finding[] } {
  const judged = findings.filter(({ severity }) => severity !== "note");
  const notes = findings.filter(({ severity }) => severity === "note");
  for (const { allowed, message } of notes) {
    assert.equal(allowed, "for guests");
    assert.match(message, / Allowed: for guests$/);
  }
  for (const { allowed } of judged) assert.equal(allowed, undefined);
  return { judged, notes };
}

describe("a userland of 80 programs", () => {
  const entries = programs("usr/bin", 80);

  test("one of them is allowed: the others fail, and the one is a note", async () => {
    const { judged, notes } = split(await findingsOf(linuxArm64, entries, allowing("/usr/bin/x000")));
    assert.deepEqual(brief(judged), ["error userland-wrong-architecture /usr/bin/x001"]);
    assert.match(judged[0]?.message ?? "", /^79 of 79 programs .*\(\/usr\/bin\/x001, /);
    assert.deepEqual(brief(notes), ["note executable-wrong-architecture /usr/bin/x000"]);
  });

  test("50 of them are allowed: the other 30 fail", async () => {
    const globs = [0, 1, 2, 3, 4].map((ten) => `/usr/bin/x0${ten}?`);
    const { judged, notes } = split(await findingsOf(linuxArm64, entries, allowing(...globs)));
    assert.deepEqual(brief(judged), ["error userland-wrong-architecture /usr/bin/x050"]);
    assert.match(judged[0]?.message ?? "", /^30 of 30 programs/);
    assert.equal(notes.length, 6);
    assert.match(notes.at(-1)?.message ?? "", /^45 more files like \/usr\/bin\/x004 have the same fault\./);
  });

  test("all are allowed: nothing but notes, and files that are not named stay what they are", async () => {
    const { judged, notes } = split(await findingsOf(linuxArm64, entries, allowing("/usr/bin/**")));
    assert.deepEqual(judged, []);
    assert.equal(notes.length, 6);
    const more = [...entries, { name: "opt/tool", content: program }];
    assert.deepEqual(brief(split(await findingsOf(linuxArm64, more, allowing("/usr/bin/**"))).judged), [
      "warning executable-wrong-architecture /opt/tool",
    ]);
  });
});

describe("files of one fault that are many", () => {
  const entries = programs("opt/p", 80);

  test("the example of the rest is no exception for the rest", async () => {
    const { judged, notes } = split(await findingsOf(linuxArm64, entries, allowing("/opt/p/x049")));
    assert.equal(judged.length, 51);
    assert.match(judged.at(-1)?.message ?? "", /^29 more files like \/opt\/p\/x050 have the same fault\.$/);
    assert.deepEqual(brief(notes), ["note executable-wrong-architecture /opt/p/x049"]);
  });

  test("50 of 80 are allowed: each of the others is named", async () => {
    const globs = [0, 1, 2, 3, 4].map((ten) => `/opt/p/x0${ten}?`);
    const { judged } = split(await findingsOf(linuxArm64, entries, allowing(...globs)));
    const others = Array.from({ length: 30 }, (_, index) => `/opt/p/x${number(index + 50)}`);
    assert.deepEqual(
      judged.map(({ path }) => path),
      others,
    );
  });
});

describe("native builds in sets", () => {
  const member = (machine: string) => `native/linux-${machine}/libx.so`;
  const jar = makeZip(["x64", "s390x"].map((machine) => ({ name: member(machine), content: library })));
  const entries = [{ name: "app/a.jar", content: jar, mode: 0o644 }];

  test("one build of a jar is no exception for the jar", async () => {
    const glob = `/app/a.jar!/${member("x64")}`;
    const { judged, notes } = split(await findingsOf(linuxArm64, entries, allowing(glob)));
    assert.equal(judged.length, 1);
    assert.equal(judged[0]?.rule, "native-build-missing");
    assert.deepEqual(notes, []);
  });

  test("the jar or all its builds are", async () => {
    for (const globs of [["/app/*.jar"], ["/app/a.jar!/**"], ["x64", "s390x"].map((one) => `**/${member(one)}`)]) {
      const { judged, notes } = split(await findingsOf(linuxArm64, entries, allowing(...globs)));
      assert.deepEqual(judged, [], globs.join());
      assert.deepEqual(brief(notes), ["note native-build-missing /app/a.jar"]);
    }
  });

  test("a folder of builds, where the example is one of them", async () => {
    const folder = "app/node_modules/a/prebuilds";
    const builds = ["linux-x64", "linux-ia32"].map((name) => ({
      name: `${folder}/${name}/node.napi.node`,
      content: makeElf(name === "linux-x64" ? { ...amd64, type: 3 } : { machine: 3, bits: 32, type: 3 }),
      mode: 0o644,
    }));
    const all = builds.map(({ name }) => `/${name}`);
    for (const one of all) {
      const { judged } = split(await findingsOf(linuxArm64, builds, allowing(one)));
      assert.deepEqual(
        judged.map(({ rule, path }) => `${rule} ${path}`),
        [`native-build-missing ${all.find((other) => other !== one)}`],
      );
    }
    for (const globs of [all, [`/${folder}`]]) {
      assert.deepEqual(split(await findingsOf(linuxArm64, builds, allowing(...globs))).judged, []);
    }
  });
});

test("packages of Python in one folder: those that are allowed are taken out", async () => {
  const packages = "usr/lib/python3/site-packages";
  const wheel = (name: string): MadeEntry => ({
    name: `${packages}/${name}-1.dist-info/WHEEL`,
    content: "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_17_x86_64\n",
    mode: 0o644,
  });
  const findings = await findingsOf(linuxArm64, ["a", "b", "c"].map(wheel), allowing("**/a-1.dist-info/WHEEL"));
  const { judged, notes } = split(findings);
  assert.match(judged.map(({ message }) => message).join("\n"), /^In \S+ 2 wheels are made for \S+ \(b 1, c 1\)/);
  assert.match(notes.map(({ message }) => message).join("\n"), /^In \S+ 1 wheel is made for \S+ \(a 1\)/);
  assert.deepEqual(split(await findingsOf(linuxArm64, ["a", "b"].map(wheel), allowing("**/WHEEL"))).judged, []);
});

test("exceptions that made no note are not used, also when they name some file of many that are judged", () => {
  const allowed = ["/a", "/b", "/c"].map((path) => ({ path, reason: `why ${path}` }));
  const exceptions = new Exceptions(allowed);
  const make = (paths: readonly string[]): Finding[] => [
    {
      rule: "r",
      severity: "error",
      message: paths.join(),
      platforms: [linuxArm64],
      path: paths[0] ?? "",
      related: [],
    },
  ];
  assert.ok(exceptions.covers("/c"));
  const items = [["/a"], ["/b", "/c"], ["/c", "/d"]];
  const findings = exceptions.fold(
    items,
    (item) => item,
    (some) => make(some.map(String)),
  );
  assert.deepEqual(
    findings.map(({ severity, message }) => `${severity} ${message}`),
    ["error /c,/d", "note /a Allowed: why /a", "note /b,/c Allowed: why /b; why /c"],
  );
  assert.deepEqual(exceptions.used, allowed);
  const others = new Exceptions(allowed);
  others.fold(
    [["/c", "/d"]],
    (item) => item,
    (some) => make(some.map(String)),
  );
  assert.deepEqual(others.used, []);
});

test("an exception for one name of a file is none for another name of it", async () => {
  const entries: MadeEntry[] = [
    { name: "usr/bin/a", content: program },
    { name: "usr/bin/b", type: "link", target: "usr/bin/a" },
  ];
  for (const [allowed, other] of [
    ["/usr/bin/a", "/usr/bin/b"],
    ["/usr/bin/b", "/usr/bin/a"],
  ]) {
    const { judged } = split(await findingsOf(linuxArm64, entries, allowing(allowed ?? "")));
    assert.deepEqual(brief(judged), [`error executable-wrong-architecture ${other}`]);
  }
  assert.deepEqual(split(await findingsOf(linuxArm64, entries, allowing("/usr/bin/?"))).judged, []);
});

test("right files are no part of it", async () => {
  const right = [{ name: "usr/bin/tool", content: makeElf({ ...arm64, type: 2 }) }];
  assert.deepEqual(await findingsOf(linuxArm64, right, allowing("/usr/bin/*")), []);
});
