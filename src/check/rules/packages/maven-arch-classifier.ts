import { formatPlatform, type Platform } from "../../../platform/platform.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import type { Dependency, PackageFile } from "../../packages/dependency.ts";
import type { Problem, Rule } from "../../rule.ts";

const id = "maven-arch-classifier";

/** Finds native artifacts of Maven and Gradle that are asked for by the name of one platform. */
export const mavenArchClassifier: Rule = {
  id,
  severity: "warning",
  page: {
    title: "A Maven classifier names one architecture",
    what: "A dependency (or an artifact of a plugin, such as protoc) with a classifier like `linux-x86_64`, without the same dependency for the other requested platforms beside it, outside of a profile that is activated by the machine's architecture.",
    why: "The jar that is built holds the native library of one architecture. On others the library is missing: Netty falls back to a slower transport without a word, other libraries end the program.",
    symptom:
      "`java.lang.UnsatisfiedLinkError: no netty_transport_native_epoll_aarch_64 in java.library.path`, or `epoll` is silently not used.",
    fix: "Add the dependency for the other architecture (jars hold both), or let the build ask for its own with `${os.detected.classifier}` of os-maven-plugin:\n\n```xml\n<dependency>\n  <groupId>io.netty</groupId>\n  <artifactId>netty-transport-native-epoll</artifactId>\n  <classifier>linux-aarch_64</classifier>\n</dependency>\n```",
    ignore: "The artifact is used on one architecture alone, for example in a test.",
  },
  *find(model) {
    for (const file of model.packages ?? []) {
      if (file.kind !== "pom" && file.kind !== "gradle") continue;
      for (const dependency of file.dependencies) yield* problemOf(dependency, file, model.platforms);
    }
  },
};

function* problemOf(dependency: Dependency, file: PackageFile, platforms: readonly Platform[]): Generator<Problem> {
  const { classifier, name, place, use, condition } = dependency;
  if (classifier === undefined || condition !== undefined) return;
  const named = architectureOf(classifier.text);
  if (named === undefined) return;
  const siblings = file.dependencies.filter((other) => other.name === name && other.classifier !== undefined);
  const covered = siblings.flatMap((other) => architectureOf(other.classifier?.text ?? "") ?? []);
  // A classifier that the build chooses by itself covers every platform.
  if (
    siblings.some((other) =>
      /\$\{?os\.detected|\$\{?[\w.]*(?:arch|classifier|platform)/i.test(other.classifier?.text ?? ""),
    )
  )
    return;
  const broken = platforms.filter(({ os, architecture }) => os === "linux" && !covered.includes(architecture));
  if (broken.length === 0 || broken.length === platforms.length) return;
  yield {
    rule: id,
    ...(use === "development" ? { severity: "note" as const } : {}),
    message: `${name} is asked for with the classifier ${classifier.text} alone: ${broken.map(formatPlatform).join(" and ")} gets no native library of it.`,
    platforms: broken,
    place: classifier.place,
    related: place.line === classifier.place.line ? [] : [{ place, message: "the dependency" }],
    advice: "Add the same dependency with the classifier of the other platforms, or use ${os.detected.classifier}.",
  };
}

/** The architecture of a classifier for Linux: `linux-x86_64`; undefined for those of other systems and for `sources`. */
function architectureOf(classifier: string): string | undefined {
  const [first, ...more] = namesIn(classifier).filter(({ os }) => os === undefined);
  if (first === undefined || more.length > 0 || /windows|win32|osx|darwin|mac|android|ios/i.test(classifier))
    return undefined;
  return first.architecture;
}
