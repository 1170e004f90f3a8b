import type { Entry, Evidence } from "../entry.ts";

/** Something is being pushed: the same words on a pull are about a name or a login. */
function isPush(evidence: Evidence): boolean {
  const { text } = evidence;
  if (/npm (?:err|error)|npmjs|pypi\.org|maven|rubygems|crates\.io/i.test(text)) return false;
  if (/pull access denied|\bpull(?:ing)?\b.*denied/i.test(text)) return false;
  return (
    /push|upload|PUT |POST |PATCH |writing (?:blob|manifest)|copying image to|exporting to|failed to copy|imagetools/i.test(
      text,
    ) ||
    evidence.near(/push(?:ing)?\b|exporting to image|The push refers to repository|blobs\/uploads|imagetools create/)
  );
}

/** A registry is spoken to, not any server. */
function isRegistry(evidence: Evidence): boolean {
  return (
    /\/v2\/|registry|failed to do request|pinging container|push|pull|manifest|blob/i.test(evidence.text) ||
    evidence.near(/\b(?:push|pull)(?:ing)?\b.*(?:image|:\w)|\/v2\//)
  );
}

/** Several platforms are built, or one that is emulated: a kill of a build for this machine alone has nothing to do with platforms. */
function isCrowded({ context, step }: Evidence): boolean {
  const built = [...context.requested.values(), ...context.steps.flatMap(({ target }) => (target ? [target] : []))];
  const architectures = new Set(built.map(({ architecture }) => architecture));
  const foreign = [...architectures].some((architecture) => architecture !== (context.host?.architecture ?? "amd64"));
  return architectures.size > 1 || foreign || context.emulator || context.foreign(step?.runsOn) === true;
}
const crowded = "when several platforms are built, or one that is emulated";

/** What registries and disks refuse. */
export const registries: readonly Entry[] = [
  {
    code: "E29",
    title: "The tag exists and may not be moved",
    severity: "error",
    signs: [
      {
        words: ["immutable", "immutability"],
        pattern:
          /(?:because the repository is immutable|configured as immutable|[Tt]ag .*\bis immutable|immutable tag|enabled tag immutability)/,
      },
    ],
    cause:
      "The repository's tags are immutable. buildx before 0.22 pushed every platform by the final tag, so that the second one is refused; or an earlier run already published it.",
    fixes: [
      {
        text: "Update buildx, or push by digest and set the tag once (archway build does). When the same digest is there already, all is well.",
      },
    ],
    url: "https://github.com/docker/buildx/issues/663",
  },
  {
    code: "E30",
    title: "The service takes single images, not an index",
    severity: "error",
    signs: [
      {
        words: ["media type for the source image"],
        pattern: /image manifest, config or layer media type for the source image .* is not supported/,
      },
      {
        words: ["vnd.oci.image.index", "manifest.list.v2"],
        pattern:
          /(?:[Uu]nsupported|not supported|invalid).*application\/vnd\.(?:oci\.image\.index|docker\.distribution\.manifest\.list)|application\/vnd\.(?:oci\.image\.index|docker\.distribution\.manifest\.list)\S*.*(?:unsupported|not supported)/i,
      },
      {
        words: ["' not found"],
        pattern: /Image '[^']+' not found/,
        when: (evidence) => evidence.near(/Cloud Run|gcloud run|run\.googleapis/),
        condition: "from Cloud Run",
      },
    ],
    cause:
      "AWS Lambda, Cloud Run and others read one manifest. Since BuildKit 0.11 even a build for one platform makes an index, because of its attestation.",
    fixes: [
      {
        text: "Build for the service with --provenance=false --sbom=false and one platform, or deploy the platform's own digest (archway image inspect IMAGE shows it).",
      },
    ],
    url: "https://github.com/docker/buildx/issues/1533",
  },
  {
    code: "E31",
    title: "The registry speaks plain HTTP, has its own certificate, or is not where the builder looks",
    severity: "error",
    signs: [
      { words: ["gave http response to https client"], pattern: /server gave HTTP response to HTTPS client/ },
      {
        words: ["signed by unknown authority"],
        pattern: /x509: certificate signed by unknown authority/,
        when: isRegistry,
        condition: "when a registry is spoken to",
      },
      {
        words: ["connection refused"],
        pattern: /dial tcp (?:127\.0\.0\.1|\[::1\]|localhost)(?::5\d{3}): connect: connection refused/,
        when: isRegistry,
        condition: "when a registry is spoken to",
      },
    ],
    cause:
      "A builder in a container has its own network and its own list of registries: Docker's insecure-registries and the host's certificates do not count there, and localhost is the container itself.",
    fixes: [
      {
        engines: ["BuildKit", "buildx", "Docker"],
        text: 'In buildkitd.toml: [registry."HOST:PORT"] with http = true (plain HTTP) or ca = ["FILE"], given by docker buildx create --config (--buildkitd-config); for a registry on this machine --driver-opt network=host.',
      },
      {
        engines: ["Podman", "Buildah", "skopeo", "CRI-O"],
        text: "Put the certificate into /etc/containers/certs.d/HOST:PORT/ca.crt, or allow plain HTTP with insecure = true in registries.conf.",
      },
      {
        engines: ["Kubernetes", "containerd"],
        text: "Tell every node's containerd: /etc/containerd/certs.d/HOST:PORT/hosts.toml.",
      },
      { text: 'archway: registries: {"HOST:PORT": {insecure: true}} or ca: FILE in .archway.yaml.' },
    ],
    url: "https://docs.docker.com/build/buildkit/configure/#registry-mirror",
  },
  {
    code: "E40",
    title: "The registry refuses the push",
    severity: "error",
    signs: [
      {
        words: [
          "401 unauthorized",
          "403 forbidden",
          "insufficient_scope",
          "denied: ",
          "authentication required",
          "unauthorized: ",
          "denied_",
          "is denied",
          "permission_denied",
        ],
        pattern:
          /401 Unauthorized|403 Forbidden|insufficient_scope|\bdenied: |authentication required|\bunauthorized: |UNAUTHORIZED: |DENIED: |is denied\b/i,
        when: isPush,
        condition: "when something is pushed",
      },
    ],
    cause:
      "The credentials are not there for this job or this registry: another DOCKER_CONFIG, a token without the right to write, a job per platform that did not log in, or a cache or second repository that needs its own.",
    fixes: [
      { engines: ["kaniko"], text: "kaniko reads /kaniko/.docker/config.json: mount it in every job." },
      {
        engines: ["Podman", "Buildah", "skopeo"],
        text: "podman login HOST, and check REGISTRY_AUTH_FILE: Podman's and Docker's files are two.",
      },
      {
        text: "docker login HOST in the job that pushes (GitHub: permissions: packages: write), also for the repository of the cache; archway build asks whether it may push before it builds.",
      },
    ],
    url: "https://github.com/docker/build-push-action/issues/1033",
  },
  {
    code: "E41",
    title: "Docker Hub's limit of pulls is reached",
    severity: "error",
    signs: [
      {
        words: ["pull rate limit", "toomanyrequests"],
        pattern: /reached your (?:unauthenticated )?pull rate limit|toomanyrequests/i,
      },
      {
        words: ["429 too many requests"],
        pattern: /429 Too Many Requests/i,
        when: isRegistry,
        condition: "when a registry is spoken to",
      },
    ],
    cause: "Every platform of every base counts as a pull: a build for N platforms uses N times as many.",
    fixes: [
      {
        text: "Log in before the build, or take the bases from a mirror (registries: {docker.io: {mirrors: [HOST]}} in .archway.yaml; mirrors in buildkitd.toml).",
      },
    ],
    url: "https://docs.docker.com/docker-hub/usage/",
  },
  {
    code: "E42",
    title: "Disk or memory ran out",
    severity: "error",
    signs: [
      {
        words: ["no space left", "enough free space", "enospc"],
        pattern:
          /[Nn]o space left on device|IOException: No space left|don't have enough free space|not enough free (?:disk )?space|ENOSPC(?!.*watch)/,
      },
      {
        words: ["killed signal terminated program"],
        pattern: /Killed signal terminated program/,
        when: isCrowded,
        condition: crowded,
      },
      {
        words: ["signal: killed", "signal: 9, sigkill"],
        pattern: /\(?signal: (?:killed|9, SIGKILL)/,
        when: (evidence) => evidence.step !== undefined && isCrowded(evidence),
        condition: crowded,
      },
      {
        words: ["exit code: 137", "non-zero code: 137", "exit status 137"],
        pattern: /(?:did not complete successfully: exit code: |non-zero code: |(?:runtime|STEP).*exit status )137\b/,
        when: isCrowded,
        rank: "consequence",
        condition: crowded,
      },
    ],
    cause:
      "Several platforms at once, each with its own stages and an emulator, need several times the disk and memory of one. Exit code 137 is a kill, in builds nearly always for memory.",
    fixes: [
      {
        text: "Build one platform at a time (archway build --jobs 1) or each on its own machine; free the cache (docker buildx prune, buildah rmi --prune), and give compilers fewer parallel jobs.",
      },
    ],
    url: "https://github.com/nextstrain/docker-base/issues/276",
    explains: ["E39", "E17"],
  },
];
