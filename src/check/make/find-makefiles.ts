import type { Repository } from "../repository/repository.ts";

/** Names of Makefiles; those of automake are templates of another language. */
const fileName = /(?:^|\/)(?:(?:GNU)?[Mm]akefile(?:\.(?!am$|in$|win$)[\w.-]+)?|[\w.-]+\.mk)$/;

/** Folders with code of others, which nothing here builds for itself. */
const foreign = /(?:^|\/)(?:vendor|node_modules|third_party|third-party|testdata)\//;

/** What a Makefile has to say to matter: it builds or fetches something, or knows of architectures. */
const matters =
  /docker|podman|buildah|nerdctl|kaniko|\barch|_arch|goarch|amd64|x86|arm64|aarch64|uname|curl|wget|go build|image/i;

/** The Makefiles that matter, without those that another one includes under their own name. */
export function findMakefiles(repository: Repository): string[] {
  const found = repository.files.map(({ path }) => path).filter((path) => fileName.test(path) && !foreign.test(path));
  const included = new Set<string>();
  for (const path of found) {
    for (const name of includedNames(repository.text(path) ?? "")) included.add(name);
  }
  return found.filter((path) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const isEntry = /^(?:GNU)?[Mm]akefile$/.test(name);
    if (!isEntry && included.has(name)) return false;
    const text = repository.text(path);
    return text === undefined || matters.test(text) || included.size > 0;
  });
}

/** The names of all variables that a Makefile or a file that it includes assigns, on whatever way through them. */
export function assignedNames(repository: Repository, path: string): Set<string> {
  const names = new Set<string>();
  const left = [path];
  const seen = new Set<string>();
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const text = repository.text(next) ?? "";
    for (const [, name = ""] of text.matchAll(/([A-Za-z_][\w.-]*)[ \t]*(?::{0,3}|\?|\+|!)=/g)) names.add(name);
    for (const [, name = ""] of text.matchAll(/^[ \t]*(?:override[ \t]+)?define[ \t]+([\w.-]+)/gm)) names.add(name);
    for (const name of includedNames(text)) {
      left.push(
        ...repository.files.map((file) => file.path).filter((file) => file === name || file.endsWith(`/${name}`)),
      );
    }
  }
  return names;
}

/** The names, without their folders, of the files that a Makefile includes. */
function includedNames(text: string): string[] {
  return [...text.matchAll(/^[ \t]*-?s?include[ \t]+([^\n#]+)/gm)].flatMap(([, names = ""]) =>
    names.split(/\s+/).flatMap((name) => name.slice(name.lastIndexOf("/") + 1) || []),
  );
}

/** Files in which make may be called: Makefiles, scripts and CI. */
const calling = /(?:\.(?:sh|bash|ya?ml|mk|groovy)|(?:^|\/)(?:Dockerfile|Jenkinsfile|Makefile)[^/]*)$/i;

/** The names of variables that something in the repository sets when it calls make (`$(MAKE) ARCH=$* …`). */
export function setNames(repository: Repository): Set<string> {
  const names = new Set<string>();
  for (const { path } of repository.files) {
    if (!calling.test(path) || foreign.test(path)) continue;
    const text = repository.text(path);
    if (text === undefined || (!text.includes("make") && !text.includes("MAKE"))) continue;
    for (const [call] of text.matchAll(/(?:\bmake|\$[({]MAKE[)}])[ \t][^\n;&|]*/g)) {
      for (const [, name = ""] of call.matchAll(/[ \t"']([A-Za-z_]\w*)=/g)) names.add(name);
    }
  }
  return names;
}
