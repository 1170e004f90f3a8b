import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import { architectures } from "./architecture.ts";
import {
  canRun,
  compatiblePlatforms,
  formatPlatform,
  normalizePlatform,
  parsePlatform,
  parsePlatformList,
  samePlatform,
  type Platform,
} from "./platform.ts";
import { variantsOf } from "./spelling.ts";

/** Every platform that can be written: each architecture with each of its variants. */
const everyPlatform: readonly Platform[] = ["linux", "windows", "darwin"].flatMap((os) =>
  [...new Set(architectures.map((row) => row.name))].flatMap((architecture) => [
    normalizePlatform({ os, architecture }),
    ...variantsOf(architecture).map((variant) => ({ os, architecture, variant })),
  ]),
);
const platform = fc.constantFrom(...everyPlatform);
/** Anything a document may hold, biased towards what the tables know. */
const written = fc.record(
  {
    os: fc.oneof(fc.constantFrom("linux", "Linux", "macos", "unknown", ""), fc.string()),
    architecture: fc.oneof(
      fc.constantFrom(
        "amd64",
        "x86_64",
        "arm",
        "ARM",
        "armhf",
        "armel",
        "arm64",
        "aarch64",
        "i386",
        "armv7l",
        "s390x",
        "",
      ),
      fc.string(),
    ),
    variant: fc.oneof(
      fc.constantFrom("", "v1", "1", "v2", "7", "v7", "v8", "8", "v8.0", "v9.0", "9", "v8.5", "v9.2", "rva20u64"),
      fc.string(),
    ),
  },
  { requiredKeys: ["os", "architecture"] },
);

test("normalises as containerd/platforms does, and the names of uname", () => {
  const table: readonly (readonly [string, string])[] = [
    ["linux/i386", "linux/386"],
    ["linux/386", "linux/386"],
    ["linux/i686", "linux/386"],
    ["linux/amd64", "linux/amd64"],
    ["linux/amd64/v1", "linux/amd64"],
    ["linux/amd64/v2", "linux/amd64/v2"],
    ["linux/x86_64", "linux/amd64"],
    ["linux/x86-64", "linux/amd64"],
    ["linux/x86_64/v3", "linux/amd64/v3"],
    ["linux/arm64", "linux/arm64"],
    ["linux/arm64/8", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/v8.0", "linux/arm64"],
    ["linux/arm64/v8.4", "linux/arm64/v8.4"],
    ["linux/arm64/9", "linux/arm64/v9"],
    ["linux/arm64/9.0", "linux/arm64/v9"],
    ["linux/arm64/v9.0", "linux/arm64/v9"],
    ["linux/arm64/v9.2", "linux/arm64/v9.2"],
    ["linux/aarch64", "linux/arm64"],
    ["Linux/AArch64/V8", "linux/arm64"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm/5", "linux/arm/v5"],
    ["linux/arm/6", "linux/arm/v6"],
    ["linux/arm/7", "linux/arm/v7"],
    ["linux/arm/8", "linux/arm/v8"],
    ["linux/armhf", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/armv5tel", "linux/arm/v5"],
    ["linux/armv6l", "linux/arm/v6"],
    ["linux/armv7l", "linux/arm/v7"],
    ["linux/armv8l", "linux/arm/v8"],
    ["linux/loongarch64", "linux/loong64"],
    ["linux/riscv64", "linux/riscv64"],
    ["linux/s390x", "linux/s390x"],
    ["linux/ppc64le", "linux/ppc64le"],
    ["macos/arm64", "darwin/arm64"],
    ["windows/amd64", "windows/amd64"],
    [" linux/arm64 ", "linux/arm64"],
    // A bare architecture is Linux's, with or without its variant.
    ["arm64", "linux/arm64"],
    ["Aarch64", "linux/arm64"],
    ["armhf", "linux/arm/v7"],
    ["armel", "linux/arm/v6"],
    ["i386", "linux/386"],
    ["arm64/v8", "linux/arm64"],
    ["amd64/v1", "linux/amd64"],
    ["arm/v6", "linux/arm/v6"],
  ];
  for (const [given, normal] of table) assert.equal(formatPlatform(parsePlatform(given)), normal, given);
});

test("a bare operating system and the word local mean this machine's platform, and are refused where it is not known", () => {
  const local = parsePlatform("linux/arm/v6");
  assert.equal(formatPlatform(parsePlatform("linux", local)), "linux/arm/v6");
  assert.equal(formatPlatform(parsePlatform("local", local)), "linux/arm/v6");
  assert.equal(formatPlatform(parsePlatform("macOS", parsePlatform("linux/arm64"))), "darwin/arm64");
  assert.match(refusal("linux"), /names no architecture; did you mean linux\/amd64 or linux\/arm64\?/);
  assert.match(refusal("local"), /"local" has no meaning here/);
});

test("a typo names the nearest valid platform", () => {
  const table: readonly (readonly [string, string])[] = [
    ["linux/arm46", "linux/arm64"],
    ["linux/amd46", "linux/amd64"],
    ["linux/adm64", "linux/amd64"],
    ["linux/aarch46", "linux/arm64"],
    ["arm46", "linux/arm64"],
    ["linux/riscv", "linux/riscv64"],
    ["linux/ppc64el", "linux/ppc64le"],
    ["linux/s390", "linux/s390x"],
    ["lunix/arm64", "linux/arm64"],
    ["windos/amd64", "windows/amd64"],
    ["arm64/linux", "linux/arm64"],
    ["linux-arm64", "linux/arm64"],
    ["linux/arm64/v8/x", "linux/arm64"],
    ["linux/arm/v7l", "linux/arm/v7"],
    ["linux/arm/v4", "linux/arm/v5"],
    ["linux/arm32v6", "linux/arm/v6"],
    ["linux/arm64v8", "linux/arm64"],
    ["linux/x86", "linux/386 or linux/amd64"],
    ["linux/armv8", "linux/arm64 or linux/arm/v8"],
  ];
  for (const [given, nearest] of table) assert.ok(refusal(given).endsWith(`did you mean ${nearest}?`), refusal(given));
});

test("a variant that the architecture does not have is refused", () => {
  assert.match(refusal("linux/amd64/v8"), /"amd64" has no variant "v8"; did you mean linux\/amd64\?/);
  assert.match(refusal("linux/arm64/v7"), /"arm64" has no variant "v7"; did you mean linux\/arm\/v7 or linux\/arm64\?/);
  assert.match(refusal("linux/arm/v9"), /"arm" has no variant "v9"/);
  assert.match(refusal("linux/s390x/z14"), /"s390x" has no variant "z14"; did you mean linux\/s390x\?/);
  assert.match(refusal("linux/armhf/v6"), /"armhf" has no variant "v6"; did you mean linux\/arm\/v6\?/);
  assert.match(refusal("linux/i386/v7"), /"i386" has no variant "v7"/);
  assert.equal(formatPlatform(parsePlatform("linux/armhf/v7")), "linux/arm/v7");
});

test("what is no platform at all is refused with the form of one, and long input is cut", () => {
  for (const given of [
    "",
    " ",
    "/",
    "linux/",
    "/arm64",
    "linux//arm64",
    "linux/foo",
    "linux/__proto__",
    "a/b/c/d",
    "*",
  ]) {
    assert.match(refusal(given), /^Unknown platform /, given);
  }
  assert.match(refusal("linux/amd64,linux/arm64"), /it is a list, and one platform is expected here/);
  assert.match(refusal("windows(10.0.17763)/amd64"), /version of the operating system/);
  assert.ok(refusal("x".repeat(1_000_000)).length < 400);
});

test("a list keeps its order, and a platform that is named twice counts once", () => {
  const list = parsePlatformList("linux/arm64, amd64,linux/aarch64/v8,linux/arm");
  assert.deepEqual(list.map(formatPlatform), ["linux/arm64", "linux/amd64", "linux/arm/v7"]);
  assert.throws(() => parsePlatformList("linux/amd64,,linux/arm64"), { code: "UNKNOWN_PLATFORM" });
  assert.throws(() => parsePlatformList(""), { code: "UNKNOWN_PLATFORM" });
});

test("the compatibility vectors are those of containerd's platforms.Only, in normal form", () => {
  const table: readonly (readonly [string, string])[] = [
    ["linux/amd64", "amd64 386"],
    ["linux/amd64/v3", "amd64/v3 amd64/v2 amd64 386"],
    ["linux/386", "386"],
    ["linux/arm/v5", "arm/v5"],
    ["linux/arm/v6", "arm/v6 arm/v5"],
    ["linux/arm/v7", "arm/v7 arm/v6 arm/v5"],
    ["linux/arm/v8", "arm/v8 arm/v7 arm/v6 arm/v5"],
    ["linux/arm64", "arm64 arm/v8 arm/v7 arm/v6 arm/v5"],
    ["linux/arm64/v8.2", "arm64/v8.2 arm64/v8.1 arm64 arm/v8 arm/v7 arm/v6 arm/v5"],
    [
      "linux/arm64/v9",
      "arm64/v9 arm64/v8.5 arm64/v8.4 arm64/v8.3 arm64/v8.2 arm64/v8.1 arm64 arm/v8 arm/v7 arm/v6 arm/v5",
    ],
    [
      "linux/arm64/v9.5",
      "arm64/v9.5 arm64/v9.4 arm64/v9.3 arm64/v9.2 arm64/v9.1 arm64/v9 " +
        "arm64/v8.9 arm64/v8.8 arm64/v8.7 arm64/v8.6 arm64/v8.5 arm64/v8.4 arm64/v8.3 arm64/v8.2 arm64/v8.1 arm64 " +
        "arm/v8 arm/v7 arm/v6 arm/v5",
    ],
    ["linux/riscv64", "riscv64"],
  ];
  for (const [host, vector] of table) {
    assert.deepEqual(
      compatiblePlatforms(parsePlatform(host)).map(formatPlatform),
      vector.split(" ").map((name) => `linux/${name}`),
      host,
    );
  }
});

test("compatibility is not identity: arm64 may run arm/v7 and amd64 may run 386, and neither is the other", () => {
  const [arm64, arm, amd64, x86] = ["arm64", "arm/v7", "amd64", "386"].map((name) => parsePlatform(name));
  assert.ok(arm64 && arm && amd64 && x86);
  assert.ok(canRun(arm64, arm) && !canRun(arm, arm64) && !samePlatform(arm64, arm));
  assert.ok(canRun(amd64, x86) && !canRun(x86, amd64) && !samePlatform(amd64, x86));
  assert.ok(!canRun(parsePlatform("linux/arm/v6"), arm));
  assert.ok(!canRun(parsePlatform("darwin/arm64"), arm64));
});

test("property: what is formatted parses to the same platform", () => {
  fc.assert(
    fc.property(platform, (one) => {
      assert.deepEqual(parsePlatform(formatPlatform(one)), one);
      assert.deepEqual(parsePlatform(formatPlatform(one).toUpperCase()), one);
    }),
  );
});

test("property: normalising never throws and changes nothing the second time", () => {
  fc.assert(
    fc.property(written, (one) => {
      const normal = normalizePlatform(one);
      assert.deepEqual(normalizePlatform(normal), normal);
      assert.ok(samePlatform(normal, normalizePlatform(one)));
    }),
  );
});

test("property: parsing gives a normal platform or an UNKNOWN_PLATFORM that a person caused", () => {
  const text = fc.oneof(
    fc.string(),
    written.map(({ os, architecture, variant }) => `${os}/${architecture}/${variant}`),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        const one = parsePlatform(given);
        assert.deepEqual(normalizePlatform(one), one);
      } catch (error) {
        assert.ok(error instanceof ArchwayError && error.code === "UNKNOWN_PLATFORM" && error.kind === "input");
        for (const suggestion of error.message.match(/did you mean (.*)\?$/)?.[1]?.split(" or ") ?? []) {
          assert.equal(formatPlatform(parsePlatform(suggestion)), suggestion);
        }
      }
    }),
  );
});

test("property: a vector starts with its host, repeats nothing, and holds the vectors of all its members of that architecture", () => {
  fc.assert(
    fc.property(platform, (host) => {
      const vector = compatiblePlatforms(host);
      const names = vector.map(formatPlatform);
      assert.equal(names[0], formatPlatform(host));
      assert.equal(new Set(names).size, names.length);
      for (const member of vector.filter((one) => one.architecture === host.architecture)) {
        for (const below of compatiblePlatforms(member))
          assert.ok(canRun(host, below), `${names[0]} ${formatPlatform(below)}`);
      }
    }),
  );
});

test("property: identity is symmetric and survives every spelling; compatibility of both directions is identity", () => {
  fc.assert(
    fc.property(platform, platform, (a, b) => {
      assert.equal(samePlatform(a, b), samePlatform(b, a));
      assert.equal(canRun(a, b) && canRun(b, a), samePlatform(a, b));
    }),
  );
});

/** The message with which a text is refused. */
function refusal(text: string): string {
  try {
    parsePlatform(text);
  } catch (error) {
    assert.ok(error instanceof ArchwayError);
    assert.equal(error.code, "UNKNOWN_PLATFORM");
    assert.ok(error.hint?.includes("os/architecture[/variant]"));
    return error.message;
  }
  throw new assert.AssertionError({ message: `"${text}" was not refused` });
}
