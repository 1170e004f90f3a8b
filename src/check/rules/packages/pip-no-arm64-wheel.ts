import type { Severity } from "../../../finding/finding.ts";
import { formatPlatform } from "../../../platform/platform.ts";
import type { Problem, Rule } from "../../rule.ts";
import { adviceFor, nameOf } from "./lacking.ts";
import { pythonLacking, type PythonLacking } from "./python-lacking.ts";

const id = "pip-no-arm64-wheel";

/** Finds packages of Python whose pinned version has no wheel for a platform. */
export const pipNoArm64Wheel: Rule = {
  id,
  severity: "warning",
  page: {
    title: "A pinned Python package has no wheel for the platform",
    what: "A version of a Python package, pinned or limited in a requirements file, a project file or a lock file, for which the index has no wheel (a ready-made package) for a requested platform. Markers such as `; platform_machine == 'x86_64'` are evaluated, and lock files that list wheels are read.",
    why: "On amd64 pip takes the wheel and is done in a second. Where there is none it downloads the source and compiles it: that takes minutes, longer under emulation, and it fails when the image has no compiler or lacks the headers of a library.",
    symptom:
      "`Building wheel for lz4 (setup.py) ... error`, `error: command 'gcc' failed: No such file or directory`, or, when there is no source either, `ERROR: No matching distribution found for tensorflow==2.4.0`.",
    fix: "Take the first version with a wheel or a later one:\n\n```diff\n-lz4==2.0.0\n+lz4==3.1.2\n```\n\nIf the version has to stay, install a compiler and the library's headers in the stage that runs pip.",
    ignore: "The image is never built for that platform, or the package is compiled on purpose.",
  },
  *find(model) {
    for (const found of pythonLacking(model)) {
      // A command that cannot compile what it names is told by pip-sdist-needs-toolchain, at the same place.
      if (found.file === undefined && found.meetings.some(({ missing }) => (missing?.length ?? 0) > 0)) continue;
      yield problemOf(found);
    }
  },
};

function problemOf(found: PythonLacking): Problem {
  const { dependency, platforms, file, lock, meetings, entry } = found;
  const { place } = dependency;
  const exact = lock ?? dependency;
  const names = platforms.map(formatPlatform).join(" and ");
  const builds = meetings.length > 0 && meetings.every(({ missing }) => missing?.length === 0);
  const cannotBuild = entry?.build?.compilers.length === 0;
  const effect = cannotBuild
    ? "pip finds nothing to install"
    : builds
      ? "pip compiles it there, which the image has what it takes for"
      : "pip compiles it there, which needs a compiler and the headers of its libraries";
  const related = lock === undefined ? [] : [{ place: lock.place, message: "the lock file fixes this version" }];
  return {
    rule: id,
    severity: severityOf(found, builds),
    message: `${nameOf(exact)} has no wheel for ${names}: ${effect}.`,
    platforms,
    place,
    related,
    advice: adviceFor(found),
    key: [id, file?.path ?? place.path, place.line, dependency.name].join("\0"),
  };
}

function severityOf({ dependency }: PythonLacking, builds: boolean): Severity {
  return dependency.use === "development" || builds ? "note" : "warning";
}
