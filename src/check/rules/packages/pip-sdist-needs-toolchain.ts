import { formatPlatform, samePlatform, type Platform } from "../../../platform/platform.ts";
import type { Problem, Rule } from "../../rule.ts";
import { nameOf } from "./lacking.ts";
import { pythonLacking, type Meeting, type PythonLacking } from "./python-lacking.ts";

const id = "pip-sdist-needs-toolchain";

/** Finds installs of Python packages that must compile and cannot. */
export const pipSdistNeedsToolchain: Rule = {
  id,
  severity: "error",
  page: {
    title: "pip has to compile a package, and the image lacks what that takes",
    what: "A RUN that installs a Python package without a wheel for the platform, in a stage that has no compiler or lacks the headers of a library that the package is compiled against. Only stages whose base image is known, and whose packages are, are judged.",
    why: "On amd64 the same RUN takes the ready-made wheel and needs no compiler, so nobody notices what is missing.",
    symptom:
      "`error: command 'gcc' failed: No such file or directory`, `fatal error: librdkafka/rdkafka.h: No such file or directory`, `error: can't find Rust compiler`.",
    fix: "Take a version with a wheel, or install what is missing before pip runs:\n\n```diff\n RUN apt-get update \\\n- && apt-get install -y --no-install-recommends gcc libc6-dev \\\n+ && apt-get install -y --no-install-recommends gcc libc6-dev librdkafka-dev \\\n  && pip install -r requirements.txt\n```",
    ignore: "The library is put there by other means, for example by a base image of your own.",
  },
  *find(model) {
    const byCommand = new Map<
      string,
      { meeting: Meeting; found: PythonLacking; missing: readonly string[]; platform: Platform }[]
    >();
    for (const found of pythonLacking(model)) {
      for (const meeting of found.meetings) {
        const { missing, install } = meeting;
        if (missing === undefined || missing.length === 0) continue;
        const { command, run } = install;
        const key = `${command.place.path}:${command.place.line}:${command.place.column} ${formatPlatform(run.machine)}`;
        const list = byCommand.get(key) ?? [];
        byCommand.set(key, list);
        if (!list.some((each) => each.found === found)) list.push({ meeting, found, missing, platform: run.machine });
      }
    }
    for (const list of byCommand.values()) yield* problemOf(list);
  },
};

function* problemOf(
  list: readonly { meeting: Meeting; found: PythonLacking; missing: readonly string[]; platform: Platform }[],
): Generator<Problem> {
  const [first] = list;
  if (first === undefined) return;
  const { place } = first.meeting.install.command;
  const packages = [...new Set(list.map(({ found }) => nameOf(found.lock ?? found.dependency)))];
  const missing = [...new Set(list.flatMap((each) => each.missing))];
  const isDevelopment = list.every(({ found }) => found.dependency.use === "development");
  const related = list
    .filter(
      ({ found }) => found.file !== undefined && found.platforms.some((each) => samePlatform(each, first.platform)),
    )
    .slice(0, 20)
    .map(({ found }) => ({ place: found.dependency.place, message: "has no wheel for the platform" }));
  yield {
    rule: id,
    ...(isDevelopment ? { severity: "warning" as const } : {}),
    message: `pip has to compile ${packages.join(", ")} on ${formatPlatform(first.platform)}, and the image lacks ${missing.join(", ")}.`,
    platforms: [first.platform],
    place,
    related,
    advice: `Install ${missing.join(", ")} before this command, or take versions with a wheel.`,
    key: [id, place.path, place.line, place.column].join("\0"),
  };
}
