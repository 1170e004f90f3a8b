import { formatPlatform } from "../../../platform/platform.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { shown, weightOf } from "./weight.ts";

const id = "arch-branch-broken";

/** A command in a branch for one architecture that cannot work. */
export const archBranchBroken: Rule = {
  id,
  severity: "warning",
  page: {
    title: "The branch for one architecture is broken",
    what: "A command behind a test of the architecture that starts with a URL, an option or a checksum instead of a program: the program was lost when the line was written or broken in two.",
    why: "The branch runs on one architecture alone, mostly the one that nobody tests, so the mistake stays hidden until somebody builds for it.",
    symptom: "`/bin/sh: 1: https://…: not found`, `-o: command not found`, exit code 127, on one platform only.",
    fix: 'Write the program in front, as in the other branches:\n\n```diff\n if [ "$(uname -m)" = aarch64 ]; then\n-  https://example.com/tool-arm64 -o /usr/bin/tool\n+  curl -fsSL https://example.com/tool-arm64 -o /usr/bin/tool\n fi\n```',
    ignore: "A program of that name exists in the image.",
  },
  *find(model) {
    for (const execution of model.executions) {
      for (const command of execution.trace.commands) {
        const [first] = command.words;
        if (!command.guarded || first === undefined || first.pieces.some(({ source }) => source === "unknown"))
          continue;
        const text = textOf(first);
        if (!/^(?:https?|ftp):\/\/|^-{1,2}[A-Za-z][\w-]*(?:=|$)|^[0-9a-f]{64}$/.test(text)) continue;
        const { severity, because } = weightOf(execution, command.certain);
        const place = first.pieces[0]?.place ?? command.place;
        const problem: Problem = {
          rule: id,
          severity,
          message: `This branch runs on ${formatPlatform(execution.machine)} and calls ${shown(text)}, which is no program.${because}`,
          platforms: [execution.target],
          place,
          spots: [{ place, text }],
          advice: "Write the program in front of it, as the other branches do.",
          key: [id, place.path, place.line, place.column].join("\0"),
        };
        yield problem;
      }
    }
  },
};
