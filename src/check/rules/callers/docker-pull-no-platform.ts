import { engineCommand, grammarOf } from "../../callers/engine-command.ts";
import { hasOption, readOptions } from "../../callers/command-options.ts";
import { sameReference } from "../../callers/same-reference.ts";
import type { Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Rule } from "../../rule.ts";
import { textOf, unknownMark } from "../../value.ts";
import { isTestOrDocumentation } from "../kubernetes/test-path.ts";
import { namedArchitectures } from "./call-facts.ts";

interface Moves {
  /** `inCi`: a step of a CI service runs it. */
  readonly pulls: { readonly text: string; readonly place: Place; readonly inCi: boolean }[];
  readonly tags: { readonly from: string; readonly to: string; readonly place: Place }[];
  readonly leaves: string[];
}

/** Images that are fetched for the machine's platform and published again under another name. */
export const dockerPullNoPlatform: Rule = {
  id: "docker-pull-no-platform",
  severity: "error",
  page: {
    title: "An image is pulled for the machine's own platform and published under another name",
    what: "`docker pull` without `--platform`, then `docker tag` and `docker push` (or `docker save`) of what was pulled, in a Makefile, a script or CI.",
    why: "`docker pull` takes the one image of the index that is for the machine, and `docker push` sends that one: the new name is no index, and has the architecture of whoever ran it.",
    symptom:
      "`no matching manifest for linux/arm64/v8`, or `exec format error`, for whoever uses the new name on another architecture.",
    fix: "Copy the index as it is, without pulling it:\n\n```sh\ndocker buildx imagetools create -t registry.example/tool:1.0 upstream/tool:1.0\n```\n\nor pull with the platform that the tag is for: `docker pull --platform linux/$(ARCH) …`.",
    ignore: "The new name is for machines of one architecture only.",
  },
  *find(model) {
    for (const { pulls, tags, leaves } of movesByFile(model).values()) {
      for (const pull of pulls) {
        const renamed = tags.filter(({ from }) => sameReference(from, pull.text) === true);
        const published = renamed.filter(({ to }) =>
          reaches(to, tags).some((name) =>
            leaves.some((leave) => leave !== pull.text && sameReference(name, leave) !== false),
          ),
        );
        const [first] = published;
        if (first === undefined) continue;
        // Which image it is shows only when the service runs it: it may be one for the runner's platform alone.
        const isDoubtful = isTestOrDocumentation(pull.place.path) || (pull.inCi && pull.text.includes(unknownMark));
        yield {
          rule: "docker-pull-no-platform",
          ...(isDoubtful ? { severity: "note" as const } : {}),
          message: `${pull.text.replaceAll(unknownMark, "…")} is pulled without a platform, and what came for the machine that runs this is published as ${first.to.replaceAll(unknownMark, "…")}.`,
          platforms: model.platforms,
          place: pull.place,
          related: published.map(({ place }) => ({ place, message: "The new name." })),
          advice:
            "Give docker pull the --platform that the new name is for, or copy the index with docker buildx imagetools create.",
          key: `docker-pull-no-platform\0${pull.place.path}\0${pull.place.line}`,
        };
      }
    }
  },
};

function movesByFile(model: Model): Map<string, Moves> {
  const files = new Map<string, Moves>();
  for (const { trace, kind, place, makefile } of model.executions) {
    if (kind === "run") continue;
    // What a Makefile includes works on the same images.
    const path = makefile?.path ?? place.path;
    const moves: Moves = files.get(path) ?? { pulls: [], tags: [], leaves: [] };
    files.set(path, moves);
    for (const command of trace.commands) {
      const engine = engineCommand(command);
      if (engine === undefined) continue;
      const options = readOptions(engine.words, grammarOf(engine));
      const [first, second] = options.operands.map(textOf);
      if (first === undefined) continue;
      if (/^(?:image )?pull$/.test(engine.verb)) {
        const mayHave = options.unknown.some(({ pieces }) =>
          pieces.some(({ through = [] }) => through.some((name) => /plat|arch/i.test(name))),
        );
        const isGiven =
          hasOption(options, "--platform", "--arch", "--all-tags", "-a") || mayHave || mayBeSet(command.place, model);
        const isPlain = first !== unknownMark && namedArchitectures(first).size === 0;
        if (!isGiven && isPlain) moves.pulls.push({ text: first, place: command.place, inCi: kind === "step" });
      } else if (/^(?:image )?tag$/.test(engine.verb) && second !== undefined)
        moves.tags.push({ from: first, to: second, place: command.place });
      else if (/^(?:image )?(?:push|save)$/.test(engine.verb)) moves.leaves.push(first);
    }
  }
  return files;
}

/** True when a variable stands in the command that is empty here and is for the platform by its name: `docker pull $(DOCKER_PLATFORM) IMAGE`. */
function mayBeSet({ path, line, endLine }: Place, { repository }: Model): boolean {
  const lines = (repository.text(path) ?? "").split("\n").slice(line - 1, endLine);
  return lines.some((text) => /\$[({]?\w*platform/i.test(text));
}

/** A name and the names that it is tagged with afterwards. */
function reaches(name: string, tags: Moves["tags"]): string[] {
  const found = [name];
  for (let at = 0; at < found.length && found.length < 50; at++) {
    for (const { from, to } of tags) {
      const current = found[at];
      if (current !== undefined && sameReference(from, current) === true && !found.includes(to)) found.push(to);
    }
  }
  return found;
}
