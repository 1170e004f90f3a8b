import type { Platform } from "../../../platform/platform.ts";
import { formatPlatform } from "../../../platform/platform.ts";
import type { Rule } from "../../rule.ts";

const id = "go-assembly-only";

/** Tells of Go packages that have files for one architecture and none for the others. */
export const goAssemblyOnly: Rule = {
  id,
  severity: "note",
  page: {
    title: "A Go package has code for one architecture alone",
    what: "A folder of a Go module with files such as `sum_amd64.go` or `sum_amd64.s`, without `sum_arm64.go`, `sum_generic.go`, `sum_noasm.go` or a file with a build constraint for other architectures.",
    why: "The go tool leaves files out by the architecture in their names. What they declare is then missing.",
    symptom: "`undefined: sum`, `build constraints exclude all Go files in …`, `missing function body`.",
    fix: "Add a file in plain Go for the other architectures:\n\n```go\n//go:build !amd64\n\npackage sum\n```",
    ignore: "The package is only used by code that is for the same architecture.",
  },
  *find({ repository, platforms }) {
    const goFolders = new Map<string, string[]>();
    for (const { path } of repository.files) {
      if (!/\.(?:go|s)$/.test(path) || /_test\.go$|(?:^|\/)(?:vendor|testdata|node_modules)\//.test(path)) continue;
      const slash = path.lastIndexOf("/");
      const list = goFolders.get(path.slice(0, Math.max(0, slash))) ?? [];
      list.push(path.slice(slash + 1));
      goFolders.set(path.slice(0, Math.max(0, slash)), list);
    }
    for (const [folder, names] of goFolders) {
      const broken = platforms.filter((platform) => lacksFile(names, platform));
      if (broken.length === 0 || broken.length === platforms.length) continue;
      const name = names.find((each) => ownFile.test(each)) ?? "";
      const path = folder === "" ? name : `${folder}/${name}`;
      const others = names.filter((each) => each.endsWith(".go") && !ownFile.test(each));
      const isGuarded = others.some((each) => {
        const text = repository.text(folder === "" ? each : `${folder}/${each}`);
        return text !== undefined && /^\/\/(?:go:build|\s*\+build)\s.*(?:amd64|arm64)/m.test(text.slice(0, 4000));
      });
      if (isGuarded) continue;
      yield {
        rule: id,
        message: `This Go package has files for one architecture (${name}) and none for ${broken.map(formatPlatform).join(" and ")}.`,
        platforms: broken,
        place: { path, line: 1, column: 1, endLine: 1, endColumn: 1 },
      };
    }
  },
};

const ownFile = /_(?:amd64|arm64)\.(?:go|s)$/;

/** True when a package has assembly for another architecture, and neither that nor a generic file for this one. */
function lacksFile(names: readonly string[], { architecture }: Platform): boolean {
  const stems = names.flatMap((name) => /^(.+)_(?:amd64|arm64)\.s$/.exec(name)?.[1] ?? []);
  const own = (stem: string): boolean =>
    names.some(
      (name) => name.startsWith(`${stem}_${architecture}.`) || new RegExp(`_${architecture}\\.(?:go|s)$`).test(name),
    );
  const generic = names.some((name) =>
    /(?:generic|noasm|_go|_pure|purego|other|stub|fallback|default|nosimd)s?\.go$/i.test(name),
  );
  return stems.length > 0 && !generic && !stems.some(own);
}
