import { posix } from "node:path";
import { formatPlatform, type Platform } from "../../../platform/platform.ts";
import type { DockerfileModel, Model, StageModel } from "../../model.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import {
  contextOpener,
  hasWildcard,
  pathInContext,
  sourceFiles,
  sourceMatcher,
  type BuildContext,
} from "../../repository/build-context.ts";
import type { Problem, Rule } from "../../rule.ts";
import { dependsOnPlatform, textOf, unknownMark } from "../../value.ts";
import { hostProducts, type HostProduct } from "./host-products.ts";
import { contextFolders, isKnownText, reachedSources, type ReachedSource } from "./reached-copies.ts";

/** Endings of files without machine code, and of the bundles that hold it for several processors. */
const otherFiles =
  /\.(?:jar|war|ear|zip|whl|js|mjs|cjs|css|html?|json|ya?ml|toml|ini|conf|cfg|env|txt|md|xml|sh|bash|py|rb|pl|php|ts|pem|crt|cer|key|pub|properties|sql|tgz|tar|gz|xz|bz2|zst|lock|list|repo|service|png|svg|ico|proto|csv|wasm|tmpl|tpl|template|dat|db|gpg|asc|sum|mod|go|c|h|rs|java|class|aar|pyc|gem|tf|rego|lua|rules|nft|map|woff2?|ttf|fonts?|license|crd)$/i;

/** Names of files that are not programs although they have no ending. */
const otherNames =
  /^(?:LICENSE|NOTICE|README|COPYING|VERSION|AUTHORS|CHANGELOG|Makefile|Dockerfile|Gemfile|Procfile|Cargo|requirements|etc|conf|config|configs|docs?|static|templates?|assets|public|web|ui|www|html|html5|locales?|migrations?|src|lib|node_modules|vendor|charts?|manifests?|scripts?)$/i;

/** Folders that hold what a build made. */
const outputFolder =
  /^(?:\.?\/)?(?:_?output|_?out|bin|build|_build|dist|target|artifacts?|release|\.build|_artifacts|obj)(?:\/|$)/;

/** Sources of programs. */
const sourceCode = /\.(?:go|rs|c|cc|cpp|cxx|cs|swift|hs|d)$/i;

/** Files that only keep a folder in Git. */
const placeholder = /(?:^|\/)\.(?:gitkeep|gitignore|keep|placeholder)$/;

/** COPY of a program that is compiled outside of Docker and whose path does not tell for which architecture. */
export const unqualifiedHostBinary: Rule = {
  id: "unqualified-host-binary",
  severity: "warning",
  page: {
    title: "A program that is compiled outside of Docker is copied from a path without an architecture",
    what: "A `COPY` of a file that a Makefile, a script or a CI step compiles on the host (`go build -o bin/app`), from a path that is the same for every architecture. When the file is copied into the build context first, the line that does it is shown.",
    why: "The image gets whatever was compiled last. `docker build --platform linux/arm64` on an amd64 machine packs an amd64 program into an arm64 image, and an old file in the folder goes unnoticed: nothing fails until somebody starts the image.",
    symptom: "The build succeeds; the container ends with `exec /app: exec format error`.",
    fix: "Put the architecture into the path:\n\n```diff\n # Makefile\n-\tgo build -o bin/app ./cmd/app\n+\tGOARCH=$(ARCH) go build -o bin/app-$(ARCH) ./cmd/app\n # Dockerfile\n-COPY bin/app /app\n+ARG TARGETARCH\n+COPY bin/app-${TARGETARCH} /app\n```\n\nOr compile in a stage of the Dockerfile with `FROM --platform=$BUILDPLATFORM` and `GOARCH=$TARGETARCH`.",
    ignore: "Every architecture is built on its own machine from a clean folder.",
  },
  *find(model) {
    const products = hostProducts(model);
    const isReleased = releasedBy(model);
    const open = contextOpener(model.repository);
    for (const file of model.dockerfiles) {
      if (isReleased(file) || isMoved(file, products)) continue;
      for (const source of reachedSources({ ...model, dockerfiles: [file] })) {
        const context = open(source.file.path, contextFolders(source)[0] ?? "");
        const found = problemOf(model, source, context, products);
        if (found !== undefined) yield found;
      }
    }
  },
};

/**
 * Tells which Dockerfiles GoReleaser builds: an image for each architecture from a context of its own, in which the path is right.
 */
function releasedBy({ repository }: Model): (file: DockerfileModel) => boolean {
  const texts = repository.files.flatMap(({ path }) => {
    const text = /(?:^|\/)\.?goreleaser[^/]*\.ya?ml$/.test(path) ? repository.text(path) : undefined;
    return text !== undefined && /^dockers(?:_v2)?:/m.test(text) ? [text] : [];
  });
  return ({ path }) =>
    texts.some((text) => {
      return text.includes(path) || (!/^\s*-?\s*dockerfile:/m.test(text) && posix.basename(path) === "Dockerfile");
    });
}

/** True when a script puts the Dockerfile into a folder for each architecture first: that folder is the context, and holds its own files. */
function isMoved({ path }: DockerfileModel, products: readonly HostProduct[]): boolean {
  return products.some(
    (product) => product.kind === "staged" && product.from?.includes(path) === true && namesIn(product.path).length > 0,
  );
}

function problemOf(
  { repository, platforms }: Model,
  source: ReachedSource,
  context: BuildContext,
  products: readonly HostProduct[],
): Problem | undefined {
  const { value, text, copy, file, variant, stage } = source;
  if (copy.from.kind !== "context" || stage.role === "constant") return undefined;
  if (!isKnownText(text) || dependsOnPlatform(value) || namesIn(text).length > 0) return undefined;
  const path = pathInContext(text);
  // `linux-/app`: what stands there is a variable that has no value here.
  if (/[-_](?:\/|$)/.test(path) || path === "" || otherFiles.test(path) || otherNames.test(posix.basename(path)))
    return undefined;
  const { folder } = context;
  if (context.hides(path)) return undefined;
  const platform = formatPlatform(variant.platform);
  const made = products.filter((product) => isMadeFor(product, source) && isSame(product, path, folder));
  const compiled = made.filter(({ kind }) => kind === "compiled");
  const kept = sourceFiles(repository, context, text).filter((each) => !placeholder.test(each.path));
  const isFolder = kept.some((each) => each.path !== path);
  // A folder may hold products beside files of the repository.
  if (
    kept.length > 0 &&
    !(isFolder && compiled.some((product) => !hasWildcard(path) && product.path.includes(`${path}/`)))
  ) {
    return undefined;
  }
  // Sources that the stage compiles itself; what lies beside them from a build on the host is no part of it.
  const holdsSources =
    kept.some((each) => sourceCode.test(each.path)) ||
    (text.endsWith("/") && !stage.isFinal && !outputFolder.test(text));
  if (holdsSources && compiles(stage)) return undefined;
  const carriers = made.filter((product) => product.kind === "staged" && comesFromCompiler(product, products, source));
  const loops = compiled.some((product) => isRebuilt(product, products));
  if (loops) return undefined;
  const isTest = file.calls.length > 0 && file.calls.every(({ forTests }) => forTests);
  const common = {
    rule: "unqualified-host-binary",
    platforms: [variant.platform],
    advice: `Make ${path} for every architecture under a name of its own, and copy ${path}-\${TARGETARCH}.`,
    key: ["unqualified-host-binary", file.path, path].join("\0"),
  };
  const copied = { place: copy.place, message: `The image takes ${path} from here.` };
  const [carrier] = carriers;
  if (carrier !== undefined) {
    // Where nothing stages it for another platform, that one's image is what breaks, and is told at the COPY.
    if (platforms.some((other) => stages(products, path, folder, other).length === 0)) return undefined;
    return {
      ...common,
      ...(isTest ? { severity: "note" as const } : {}),
      message: `${path} gets into the context without an architecture in its name: an image for ${platform} takes whatever was compiled last, also for another architecture.`,
      place: carrier.place,
      related: [copied],
      key: ["unqualified-host-binary", carrier.place.path, carrier.place.line].join("\0"),
    };
  }
  const [maker] = compiled;
  if (maker !== undefined) {
    const follows = maker.target?.dependsOnPlatform === true;
    return {
      ...common,
      ...(isTest || follows ? { severity: "note" as const } : {}),
      message: `${path} is compiled outside of Docker (${maker.tool}) under the same name for every architecture: an image for ${platform} takes whatever was compiled last.`,
      place: copy.place,
      related: [{ place: maker.place, message: `${maker.tool} makes ${path} here.` }],
    };
  }
  const [elsewhere] = made.length > 0 ? [] : platforms.flatMap((other) => stages(products, path, folder, other));
  if (elsewhere !== undefined) {
    return {
      ...common,
      message: `${path} is only put into the context on another machine's architecture: an image for ${platform} has no file of its own, and takes what is there.`,
      place: copy.place,
      related: [{ place: elsewhere.place, message: `${path} is put into the context here.` }],
    };
  }
  // What puts it there for this platform is known, and is no compiler.
  if (made.length > 0 || !looksLikeProgram(source, path)) return undefined;
  return {
    ...common,
    severity: "note",
    message: `${path} is not in the repository, and its name does not tell an architecture: an image for ${platform} takes whatever was made last.`,
    place: copy.place,
  };
}

/** True when a stage runs a compiler, or make. */
function compiles({ runs }: StageModel): boolean {
  return runs.some(({ trace }) =>
    trace.commands.some(({ program }) => /^(?:go|make|cargo|cmake|ninja|dotnet|swift|g?cc|g\+\+|clang)$/.test(program)),
  );
}

/** The product as it is made for the platform of the image, on any machine. */
function isMadeFor({ execution }: HostProduct, { variant }: ReachedSource): boolean {
  return execution.target.architecture === variant.platform.architecture;
}

/** True when a product is what a COPY takes, or lies in the folder that it takes: by the path from the root, or as far as it is known. */
function isSame({ path, isFolder, rooted, kind }: HostProduct, source: string, folder: string): boolean {
  const whole = folder === "" ? source : `${folder}/${source}`;
  if (path === "" || path === ".") return false;
  if (hasWildcard(source)) return isWithin(path, posix.dirname(whole)) && sourceMatcher(whole)(path);
  if (isFolder) return isWithin(whole, path);
  // `go build -o bin ./...` makes files in a folder that is there.
  if (isWithin(path, whole) || (kind === "compiled" && isWithin(whole, path))) return true;
  if (path.includes(unknownMark)) return partlyKnown(path).test(whole);
  // What stands before the path is not known: then at least two parts have to be the same.
  if (rooted || !source.includes("/") || !path.includes("/")) return false;
  return path.endsWith(`/${source}`) || whole.endsWith(`/${path}`);
}

function isWithin(path: string, folder: string): boolean {
  return folder !== "." && (path === folder || path.startsWith(`${folder}/`));
}

/** `bin/?` of a rule for any program, as an expression; the folder has to be known. */
function partlyKnown(path: string): RegExp {
  if (!/^[^\uFFFC]+\//.test(path)) return /(?!)/;
  const parts = path
    .split(unknownMark)
    .map((part) =>
      part.replaceAll(/[^\w/]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`),
    );
  return new RegExp(`^${parts.join("[^/]+")}$`);
}

/** True when what is staged was compiled on the host, or is not in the repository and has no name of an architecture. */
function comesFromCompiler(product: HostProduct, products: readonly HostProduct[], source: ReachedSource): boolean {
  return (product.from ?? []).some((from) => {
    if (namesIn(from).length > 0 || otherFiles.test(from)) return false;
    const makers = products.filter((each) => each.kind === "compiled" && isMadeFor(each, source));
    return makers.some((maker) => isSame(maker, from, "")) || outputFolder.test(from);
  });
}

/** A product that the same script makes again for another architecture under the same name: a loop that builds one image after the other. */
function isRebuilt(product: HostProduct, products: readonly HostProduct[]): boolean {
  const targets = products
    .filter(({ execution, path }) => execution === product.execution && path === product.path)
    .map(({ target }) => target?.text ?? "");
  return new Set(targets).size > 1;
}

/** What puts a file into the context, or compiles it there, for a platform. */
function stages(products: readonly HostProduct[], path: string, folder: string, platform: Platform): HostProduct[] {
  return products.filter((product) => {
    return product.execution.target.architecture === platform.architecture && isSame(product, path, folder);
  });
}

/** True for a file that is started, or put where programs are looked for. */
function looksLikeProgram({ copy, stage, variant }: ReachedSource, path: string): boolean {
  const name = posix.basename(path);
  if ((name.includes(".") || hasWildcard(path)) && !outputFolder.test(path)) return false;
  const destination = textOf(copy.destination);
  if (/^\/(?:usr\/)?(?:local\/)?s?bin(?:\/|$)/.test(destination)) return true;
  const target = destination.endsWith("/") || destination.endsWith(".") ? name : posix.basename(destination);
  return [stage, ...variant.stages].some((each) =>
    each.stage.instructions.some(({ keyword, instruction }) => {
      if (keyword !== "ENTRYPOINT" && keyword !== "CMD") return false;
      return instruction.source.split(/[\s[\]",/]+/).includes(target);
    }),
  );
}
