import type { ErrorKind } from "../error/error.ts";

/** What an engine's final error means. */
export interface EngineText {
  /** Searched in the engine's final error, never in the output of steps. */
  readonly pattern: RegExp;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly hint?: string;
}

/**
 * What the engines say when a build fails, in the order of judgement: the first match decides. These are the engines' own texts,
 * not ours: buildctl and docker buildx give one exit code for everything, so their words are all there is. Seen with BuildKit 0.33, docker buildx 0.37,
 * Docker 26 to 29, Buildah 1.28 and in the issue threads named in docs/troubleshooting.
 */
export const engineTexts: readonly EngineText[] = [
  {
    pattern: /no space left on device/i,
    code: "NO_SPACE",
    kind: "unreachable",
    hint: "Free space on the node that builds: `buildctl prune`, `docker buildx prune` or `buildah rmi --prune`.",
  },

  // The engine itself: BuildKit's gRPC codes, and the ways a connection to it ends.
  {
    pattern:
      /(?:Unavailable: |code = Unavailable)|failed to list workers|error reading (?:from server|server preface)|received prior goaway|session healthcheck failed|no active session for|transport is closing|Cannot connect to the Docker daemon|failed to dial|closing transport|context deadline exceeded/i,
    code: "ENGINE_UNREACHABLE",
    kind: "unreachable",
    hint: "Is it running, and did it run out of memory? `archway platforms` lists the engines that answer.",
  },

  // What the Dockerfile asks for and was not given.
  {
    pattern: /secret \S+: not found|secret required but no|did not find secret/i,
    code: "BUILD_SECRET_MISSING",
    kind: "input",
    hint: "Give it with --secret id=NAME,src=FILE or --secret id=NAME,env=VARIABLE.",
  },
  {
    pattern: /no SSH key "[^"]*" forwarded from the client|unset ssh forward key|SSH_AUTH_SOCK/i,
    code: "BUILD_SSH_MISSING",
    kind: "input",
    hint: "Start an SSH agent and give it with --ssh default.",
  },

  // Bases and pushes. Denials come before the general texts that they are wrapped in.
  {
    pattern:
      /no match(?:ing manifest)? for (?:platform|\S+ in the manifest list)|no image found in (?:image index|manifest list) for architecture/i,
    code: "BASE_PLATFORM_MISSING",
    kind: "failed",
    hint: "Choose a tag of the base image that exists for this platform.",
  },
  {
    pattern:
      /40[13] (?:Forbidden|Unauthorized)|insufficient_scope|authorization failed|failed to authorize|failed to fetch (?:oauth|anonymous) token|no basic auth credentials|authentication required|unauthorized: |invalid username\/password/i,
    code: "UNAUTHORIZED",
    kind: "unreachable",
    hint: "Log in to the registry (`docker login HOST`), or check that the token may read the bases and write the repository.",
  },
  {
    pattern: /pull access denied|requested access to the resource is denied|denied: /i,
    code: "DENIED",
    kind: "unreachable",
    hint: "The image does not exist or is private: check its name, and log in to its registry.",
  },
  {
    pattern: /x509: |tls: |certificate signed by unknown authority|server gave HTTP response to HTTPS client/i,
    code: "TLS",
    kind: "unreachable",
    hint: 'Give the registry\'s CA to the engine (BuildKit: buildkitd.toml, [registry."HOST"] ca=[…] or http=true for plain HTTP).',
  },
  {
    pattern:
      /(?:failed to resolve source metadata for|failed to (?:copy|fetch)|reading manifest|initializing source|load metadata for|manifest unknown)[^]*(?:not found|manifest unknown|name unknown)/i,
    code: "BASE_NOT_FOUND",
    kind: "failed",
    hint: "Check the name and tag of the image.",
  },
  {
    pattern:
      /failed to push|failed to do request|failed to resolve source metadata|failed to copy|unexpected status|toomanyrequests|pinging container registry|trying to reuse blob|error pushing|initializing source|initializing destination|importing cache|exporting cache/i,
    code: "REGISTRY_ERROR",
    kind: "unreachable",
    hint: "The registry did not do what the engine asked; see its answer above.",
  },

  // The endpoint's own settings.
  {
    pattern:
      /could not (?:read|load) (?:ca|client|certificate)|could not load X509|failed to append ca certs|no builder "[^"]*" found/i,
    code: "ENDPOINT_INVALID",
    kind: "input",
    hint: "Check the endpoint and the certificate files that it names.",
  },

  // The Dockerfile. Texts of dockerfile2llb and instructions (BuildKit), imagebuildah (Buildah).
  {
    pattern:
      /dockerfile parse error|unknown instruction|failed to read dockerfile|Dockerfile (?:cannot be|is) empty|file with no instructions|target stage "?[^"]*"? could not be found|failed to parse|invalid reference format|should not be blank|no build stage in current context|circular dependency|unknown flag: |requires (?:at least|exactly) |failed to process "|unexpected key '|invalid field|the specified Dockerfile|no contents in "|was not found in the provided Dockerfile|no FROM statement|cannot find Dockerfile|not found in (?:context|build stages)|invalid context name/i,
    code: "DOCKERFILE_INVALID",
    kind: "input",
  },
];

/** A step's own end: BuildKit (`process "…" did not complete successfully: exit code: 7`, solver/pb and executor) and Buildah. */
export const stepEnd =
  /did not complete successfully: exit code: (?<buildkit>\d+)|while running runtime: exit status (?<buildah>\d+)/;

/** A COPY or ADD whose source is missing: BuildKit (0.33 and before), Buildah. */
export const copyMissing =
  /failed to (?:compute cache key|calculate checksum of ref)[^]*?: "?(?<buildkit>[^":]+)"?: not found|(?:copier: stat|no items matching glob)[^]*?"(?<buildah>[^"]+)"/;

/** What buildctl 0.33 says of every OCI layout that it writes on a file system without fs-verity: nothing that anybody can do about. */
export const clientNoise = /msg="failed check for fsverity support"/;
