import type { ParsedScript } from "unbash";
import type { Execution } from "../model.ts";
import { locateIn } from "../place.ts";
import type { Reading } from "../reading.ts";
import type { RepositoryFile } from "../repository/repository.ts";
import { runShell } from "./run-shell.ts";
import type { Script } from "./trace.ts";

/** Folders whose scripts are other people's, or material for tests. */
const foreignFolders = /(?:^|\/)(?:node_modules|vendor|third[_-]?party|testdata|\.git|external|bower_components)\//;

/** Bytes; scripts beyond it are installers that carry their programs. */
const maxSize = 256 * 1024;
const maxScripts = 400;

/**
 * What a script must hold so that it can matter to a rule: a name or a source of an architecture, a program that downloads, installs, builds or
 * moves images.
 */
const interesting =
  /amd64|x86|x64|i[36]86|\barm|aarch|ppc64|s390x|riscv|uname|\barch\b|ARCH|PLATFORM|64-?bit|linux64|win64|curl|wget|aria2|docker|podman|buildah|nerdctl|buildx|kaniko|skopeo|crane|kubectl|helm|apt|yum|dnf|apk|pip|npm|GOOS|-march|-mtune|-msse|-mavx|-m64|--target|\bgo build|\bcargo|\bcross build|\b(?:g?cc|g\+\+|clang|rustc)\b|dotnet/;

/** The shell scripts of the repository, each as if somebody runs it by itself on every platform (scope `host`). */
export function readScripts(reading: Reading): readonly Execution[] {
  const { repository, platforms, signal } = reading;
  const parsed = new Map<string, ParsedScript>();
  const executions: Execution[] = [];
  let count = 0;
  for (const file of repository.files) {
    if (signal.aborted || count >= maxScripts) break;
    const text = scriptText(reading, file);
    if (text === undefined || !interesting.test(text)) continue;
    count += 1;
    const script: Script = { text, locate: locateIn(file.path, text) };
    const place = script.locate(0, text.length);
    for (const [index, platform] of platforms.entries()) {
      const trace = runShell(script, {
        machine: platform,
        environment: new Map(),
        directory: "",
        name: file.path,
        findScript: (path, directory) => findScript(reading, path, [directory, folderOf(file.path), ""]),
        parsed,
      });
      executions.push({ kind: "script", scope: "host", target: platform, machine: platform, trace, place });
      if (index === 0) for (const problem of trace.problems) reading.unreadable(problem);
    }
    // The text of a script is looked at for its own platforms alone; what it calls may be called by others.
    parsed.delete(text);
  }
  return executions;
}

/** The text of a file that is a shell script: by its ending, or by its first line when it has none. */
function scriptText({ repository }: Reading, { path, size, executable }: RepositoryFile): string | undefined {
  if (size > maxSize || size === 0 || foreignFolders.test(`/${path}`)) return undefined;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const byName = /\.(?:sh|bash|ksh)(?:\.(?:in|tmpl|template))?$/.test(name);
  if (!byName && !(executable && !name.includes("."))) return undefined;
  if (!byName && !isShebang(new TextDecoder().decode(repository.head(path, 64)))) return undefined;
  const text = repository.text(path);
  return text !== undefined && text.startsWith("#!") && !isShebang(text) ? undefined : text;
}

function isShebang(text: string): boolean {
  return /^#!\s*\S*(?:\/|env\s+(?:-\S+\s+)?)(?:ba|da|a|k)?sh\b/.test(text);
}

function findScript({ repository }: Reading, path: string, folders: readonly string[]): Script | undefined {
  if (path.startsWith("/")) return undefined;
  for (const folder of new Set(folders)) {
    if (folder.startsWith("/")) continue;
    const full = joined(folder, path);
    const file = full === undefined ? undefined : repository.file(full);
    const text = file === undefined || file.size > maxSize ? undefined : repository.text(file.path);
    if (file !== undefined && text !== undefined) return { text, locate: locateIn(file.path, text) };
  }
  return undefined;
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

/** Undefined for a path that leads out of the repository. */
function joined(folder: string, path: string): string | undefined {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
