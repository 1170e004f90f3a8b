import { formatPlatform } from "../../../platform/platform.ts";
import type { Model } from "../../model.ts";
import type { Dependency, PackageFile } from "../../packages/dependency.ts";
import { minimumVersion } from "../../packages/minimum-versions.ts";
import { isOlder } from "../../packages/version.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf, unknownMark } from "../../value.ts";
import { adviceFor, lacking, nameOf } from "./lacking.ts";

const id = "jvm-native-lib";

/** Finds jars whose native libraries lack a platform, directly or through what they bring. */
export const jvmNativeLib: Rule = {
  id,
  severity: "warning",
  page: {
    title: "A jar has no native library for the platform",
    what: "A dependency of Maven or Gradle that holds native libraries (leveldbjni, jna, snappy-java, rocksdbjni, sqlite-jdbc, …), or is known to bring such a one (cassandra-all 3, kafka-streams before 2.5), in a version without a library for a requested platform; also in a pom that a script writes.",
    why: "The jar is the same for all platforms, so it builds and ships. When the class is loaded it unpacks the library for the machine, and there is none.",
    symptom:
      "`java.lang.UnsatisfiedLinkError: Native library (com/sun/jna/linux-aarch64/libjnidispatch.so) not found in resource path`, `Could not load library. Reasons: [no leveldbjni64-1.8 in java.library.path …]`.",
    fix: "Take a version with the library. For one that another dependency brings, exclude it and depend on a newer one:\n\n```xml\n<dependency>\n  <groupId>net.java.dev.jna</groupId>\n  <artifactId>jna</artifactId>\n  <version>5.6.0</version>\n</dependency>\n```",
    ignore: "The library is optional for the program, and its absence was tested.",
  },
  *find(model) {
    for (const file of model.packages ?? []) {
      if (file.kind !== "pom" && file.kind !== "gradle") continue;
      for (const dependency of file.dependencies) yield* problemOf(dependency, file, model);
    }
  },
};

function* problemOf(dependency: Dependency, file: PackageFile, model: Model): Generator<Problem> {
  const entry = minimumVersion("maven", dependency.name);
  if (entry === undefined || dependency.condition !== undefined || repairs(dependency, file)) return;
  const versions = dependency.property === undefined ? [undefined] : propertyValues(dependency.property, model);
  for (const version of versions) {
    const bound = version === undefined ? dependency.bound : { version, inclusive: true };
    const exact = bound === undefined ? dependency : { ...dependency, bound };
    const found = lacking(exact, model.facts);
    if (found === undefined) continue;
    const isLight = dependency.use === "development" || entry.isHarmless === true;
    yield {
      rule: id,
      ...(isLight ? { severity: "note" as const } : {}),
      message: `${nameOf(exact)} has no native library for ${found.platforms.map(formatPlatform).join(" and ")}: ${entry.effect ?? "it fails when it is loaded there"}.`,
      platforms: found.platforms,
      place: dependency.place,
      advice: adviceFor(found),
    };
    return;
  }
  if (dependency.property !== undefined && versions.length === 0 && entry.since !== "never") {
    const platforms = model.platforms.filter(({ os, architecture }) => os === "linux" && architecture === "arm64");
    if (platforms.length === 0) return;
    yield {
      rule: id,
      severity: "note",
      message: `${dependency.name} before ${entry.since} has no native library for linux/arm64${entry.effect === undefined ? "" : ` (${entry.effect})`}; its version is not known here.`,
      platforms,
      place: dependency.place,
      advice: adviceFor({ dependency, platforms, entry, evidence: "table" }),
    };
  }
}

/** True when a newer JNA stands beside what would bring an old one. */
function repairs({ name }: Dependency, { dependencies }: PackageFile): boolean {
  if (!/cassandra/.test(name)) return false;
  return dependencies.some(
    (other) => other.name === "net.java.dev.jna:jna" && other.bound !== undefined && !isOlder(other.bound, "5.0.0"),
  );
}

/** The values that commands give a property: `mvn -Dcassandra.version=3.11.9`. */
function propertyValues(property: string, { executions }: Model): string[] {
  const start = `-D${property}=`;
  const found = executions.flatMap(({ trace }) =>
    trace.commands.flatMap(({ words }) =>
      words.flatMap((word) => {
        const text = textOf(word);
        return text.startsWith(start) && !text.includes(unknownMark) ? [text.slice(start.length)] : [];
      }),
    ),
  );
  return [...new Set(found)].filter((text) => /^\d/.test(text));
}
