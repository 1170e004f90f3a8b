import type { RecognizedLanguage, RepositoryFiles } from "./repository-files.ts";
import { firstVersion } from "./version-text.ts";

/** Version of Java when none is written: the one before the newest with long support. */
const usualJava = "21";

/** Java by Maven's or Gradle's file. */
export function recognizeJava(files: RepositoryFiles): RecognizedLanguage | undefined {
  const pinned = firstVersion(files.read(".java-version"), 1);
  const maven = files.read("pom.xml");
  if (maven !== undefined) {
    const written = /<(?:maven\.compiler\.release|java\.version|maven\.compiler\.source)>\s*([\d.]+)/.exec(maven)?.[1];
    const version = pinned ?? javaVersion(written);
    return {
      id: "java",
      title: `Java ${version ?? "(no version written)"}, Maven`,
      file: "pom.xml",
      image: `maven:3-eclipse-temurin-${version ?? usualJava}`,
      steps: [`${files.names.includes("mvnw") ? "sh ./mvnw" : "mvn"} --batch-mode verify`],
      cache: { path: "/root/.m2/repository", name: "maven", lock: "pom.xml" },
    };
  }
  const file = ["build.gradle.kts", "build.gradle"].find((name) => files.names.includes(name));
  if (file === undefined) return undefined;
  const text = files.read(file) ?? "";
  const written = /(?:JavaLanguageVersion\.of\(|jvmToolchain\(|VERSION_|sourceCompatibility\s*=\s*["']?)([\d._]+)/.exec(
    text,
  );
  const version = pinned ?? javaVersion(written?.[1]?.replaceAll("_", "."));
  const hasWrapper = files.names.includes("gradlew");
  return {
    id: "java",
    title: `Java ${version ?? "(no version written)"}, Gradle`,
    file,
    image: hasWrapper ? `eclipse-temurin:${version ?? usualJava}` : `gradle:jdk${version ?? usualJava}`,
    steps: [hasWrapper ? "sh ./gradlew test" : "gradle test"],
    cache: { path: hasWrapper ? "/root/.gradle/caches" : "/home/gradle/.gradle/caches", name: "gradle", lock: file },
  };
}

/** `1.8` is 8. */
function javaVersion(written: string | undefined): string | undefined {
  return firstVersion(written?.replace(/^1\./, ""), 1);
}
