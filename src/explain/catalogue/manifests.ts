import { nearestName } from "../../error/nearest.ts";
import type { LogContext } from "../context.ts";
import type { Entry, Evidence } from "../entry.ts";

const digest = /sha256:[0-9a-f]{12,64}/;

/** The missing digest is a child of an index that was found: nobody asked for it by name. */
function isMissingChild({ text, before, context }: Evidence): boolean {
  const missing = digest.exec(text)?.[0];
  if (missing === undefined) return false;
  const asked = [...context.steps.map(({ command }) => command), ...before].some(
    (line) => line.includes(missing) && /(?:^|\s)(?:FROM|COPY|pull|run|create|inspect)\b.*@sha256:/.test(line),
  );
  return !asked && !/layer|blobs\/sha256|diff ?id|snapshot/i.test(text);
}

/** Official images that everybody builds on: a name that is nearly one of them is a slip of the pen, and no local image. */
const officialImages =
  "alpine amazoncorretto amazonlinux bash busybox caddy centos composer debian docker eclipse-temurin elixir fedora gcc golang gradle haproxy httpd mariadb maven memcached mongo mysql nginx node openjdk perl php postgres python rabbitmq redis registry rockylinux ruby rust swift tomcat traefik ubuntu wordpress".split(
    " ",
  );

/** The base image is one that this job built and a container builder does not see. */
function isLocalImage(name: string, context: LogContext): boolean {
  if (name === "" || isArchStage(name)) return false;
  if (context.built.has(name)) return true;
  const ownBuilder = context.has("container-builder") || context.engines.has("buildx");
  return ownBuilder && nearestName(name, officialImages) === undefined;
}

function isArchStage(name: string): boolean {
  return /[-_.](?:linux[-_])?(?:amd64|arm64|arm|armv[67]|armhf|386|aarch64|x86_64|riscv64|s390x|ppc64le)(?:[-_:]\S*)?$/.test(
    name,
  );
}

/** Which image of which platform: indexes, manifests, tags. */
export const manifests: readonly Entry[] = [
  {
    code: "E02",
    title: "The image does not exist for this platform",
    severity: "error",
    signs: [
      {
        words: ["no matching manifest for"],
        pattern: /no matching manifest for (?<platform>(?:linux|windows|darwin)\/[\w./]+)/,
      },
      { words: ["no matching manifest for"], pattern: /no matching manifest for (?!(?:linux|windows|darwin)\/)\S*/ },
      { words: ["no match for platform in"], pattern: /no match for platform in (?:the )?manifest/ },
      { words: ["no manifest matching platform"], pattern: /no manifest matching platform (?<platform>\S+) in index/ },
      {
        words: ["descriptor matching platform"],
        pattern: /does not contain descriptor matching platform '?(?<platform>[\w/]+)/,
      },
      { words: ["must support amd64/linux"], pattern: /must support amd64\/linux/ },
      {
        words: ["no suitable node (unsupported platform"],
        pattern: /no suitable node \(unsupported platform on \d+ node/,
      },
      { words: ["none of the manifests match"], pattern: /none of the manifests match the provided platforms/ },
    ],
    cause:
      "The tag has no image for the platform that was asked for: it was never made for it (an old tag), it was pushed for one platform by mistake, or the client asks for an odd variant (a 32-bit userland on a 64-bit ARM kernel asks for arm/v8).",
    fixes: [
      {
        engines: ["Kubernetes"],
        text: "Publish the image for the nodes' platforms, or tie the pod to nodes that it has: nodeSelector: kubernetes.io/arch.",
      },
      {
        text: "See which platforms there are (archway image inspect IMAGE, docker buildx imagetools inspect IMAGE), and take a newer tag or another image; archway build --plan checks every base for every platform before anything is built.",
      },
    ],
    url: "https://docs.docker.com/build/building/multi-platform/",
  },
  {
    code: "E51",
    title: "The image does not exist for this architecture (containers/image)",
    severity: "error",
    signs: [
      {
        words: ["no image found in"],
        pattern: /no image found in (?:manifest list|image index|index) for architecture \\*"?(?<arch>[\w]+)/,
        when: (evidence) => !isManifestAdd(evidence),
      },
      { words: ["image architecture mismatch"], pattern: /[Ii]mage architecture mismatch/ },
      { words: ["requested arch unavailable"], pattern: /requested arch unavailable: (?<arch>\w+)/ },
    ],
    cause:
      "Podman, Buildah, skopeo and CRI-O look for exactly this architecture and variant in the image's index, and it is not there.",
    fixes: [
      {
        engines: ["Kubernetes", "CRI-O"],
        text: "Publish the image for the nodes' platforms, or tie the pod to nodes that fit: nodeSelector: kubernetes.io/arch.",
      },
      {
        text: "See what there is (skopeo inspect --raw docker://IMAGE, archway image inspect IMAGE); name another platform with --platform, --override-arch or --override-variant, or take another image.",
      },
    ],
    url: "https://github.com/containers/image/issues/864",
  },
  {
    code: "E52",
    title: "A manifest list cannot be put together",
    severity: "error",
    signs: [
      {
        words: ["no image found in"],
        pattern: /no image found in (?:manifest list|image index|index) for architecture \\*"?(?<arch>[\w]+)/,
        when: isManifestAdd,
        condition: "from manifest add",
      },
      { words: ["with no --amend flag"], pattern: /refusing to amend an existing manifest list with no --amend flag/ },
      { words: ["failed to find instance"], pattern: /failed to find instance \S+ for append/ },
      { words: ["schema1 manifests are not allowed"], pattern: /schema1 manifests are not allowed in manifest lists/ },
      {
        words: ["name is already in use"],
        pattern: /that name is already in use/,
        when: (evidence) => isManifestAdd(evidence),
        condition: "from manifest create",
      },
      {
        words: ["manifest list", "image index", "manifest.list"],
        pattern:
          /(?:nested|recursive) (?:manifest list|image index|index)|(?:manifest list|image index)e?s? (?:inside|within|in) (?:a |another )?(?:manifest list|index)|can(?:not| not|'t) (?:add|contain|include|be added).*(?:manifest list|image index)/i,
      },
    ],
    cause:
      "Adding an index takes the one image for this machine's architecture unless all are asked for; a list of the same name is left from an earlier run; --append names a builder that does not exist; or a child is itself an index or of the old schema 1.",
    fixes: [
      {
        engines: ["Podman", "Buildah"],
        text: "Add with --all, or each image by its digest (podman manifest add LIST docker://REPOSITORY@sha256:…); remove the list of the last run first (podman manifest rm LIST).",
      },
      {
        engines: ["buildx"],
        text: "Create the builder before appending to it: docker buildx create --name NAME, then --append.",
      },
      { text: "archway image create joins images by digest, takes indexes apart, and needs no local list." },
    ],
    url: "https://github.com/containers/podman/issues/24016",
  },
  {
    code: "E25",
    title: "The builder does not see the image that was built before",
    severity: "error",
    signs: [
      {
        words: ["pull access denied"],
        pattern:
          /docker\.io\/library\/(?<name>[\w.-]+)(?::\S+)?: .*pull access denied|pull access denied for (?:docker\.io\/library\/)?(?<other>[\w.-]+),/,
        when: ({ match, context }) => isLocalImage(match.groups?.["name"] ?? match.groups?.["other"] ?? "", context),
        condition: "where the image was built in the same log, or a container builder builds",
      },
      {
        words: ["pull access denied"],
        pattern: /pull access denied, repository does not exist or may require authorization/,
        when: ({ before, text, context }) => {
          const name = /docker\.io\/library\/([\w.-]+)/.exec([...before, text].join("\n"))?.[1];
          return name !== undefined && isLocalImage(name, context);
        },
      },
    ],
    cause:
      "A builder of its own (docker-container, Kubernetes, remote) does not look into the local image store: a base image that an earlier step built is looked for on Docker Hub.",
    fixes: [
      {
        text: 'Push the base image and name it in full, or hand it over: --build-context NAME=oci-layout://DIR, or in bake contexts = {NAME = "target:TARGET"}; or make it a stage of the same Dockerfile.',
      },
    ],
    url: "https://github.com/docker/buildx/issues/301",
  },
  {
    code: "E26",
    title: "docker manifest does not take an index",
    severity: "error",
    signs: [
      { words: ["is a manifest list"], pattern: /\S+ is a manifest list\b(?! (?:of|with|for|that))/ },
      { words: ["no such manifest: "], pattern: /[Nn]o such manifest: / },
    ],
    cause:
      "docker manifest create joins single images. What is pushed today is usually an index already, with an attestation beside the image.",
    fixes: [
      {
        text: "Use archway image create TAG SOURCE…, or docker buildx imagetools create -t TAG SOURCE…; or build without attestations (--provenance=false).",
      },
    ],
    url: "https://github.com/docker/buildx/issues/1509",
  },
  {
    code: "E27",
    title: "The index names an image that is not in the repository",
    severity: "error",
    signs: [
      {
        words: ["manifest blob unknown", "manifest_blob_unknown"],
        pattern: /manifest blob unknown|MANIFEST_BLOB_UNKNOWN/i,
      },
      {
        words: ["unknown blob", "blob_unknown", "blob unknown to registry"],
        pattern: /unknown blob|(?<!MANIFEST_)BLOB_UNKNOWN|blob unknown to registry/,
        when: (evidence) =>
          !/pull|manifests? not|fetching|reading blob/i.test(evidence.text) || /push|writing|PUT /i.test(evidence.text),
        condition: "when something is pushed",
      },
    ],
    cause:
      "An index may only name images of its own repository. The platform's image was pushed to another one, or its bytes were written anew on the way, so that its digest changed.",
    fixes: [
      {
        text: "Push the platforms into the final repository by digest (push-by-digest=true), and join them there; archway image create copies what lies elsewhere.",
      },
    ],
    url: "https://github.com/ansible/ansible-dev-tools/issues/706",
  },
  {
    code: "E28",
    title: "The index is there, the platform's image in it is gone",
    severity: "error",
    signs: [
      {
        words: ["manifest unknown", "manifests/sha256:", "@sha256:", "manifest_unknown"],
        pattern:
          /(?:manifests\/|@|[Rr]eading manifest )sha256:[0-9a-f]{12,64}\S*.*(?:not found|manifest unknown|MANIFEST_UNKNOWN)|(?:manifest unknown|MANIFEST_UNKNOWN).*sha256:[0-9a-f]{12,64}/i,
        when: isMissingChild,
        condition: "for a digest that nobody asked for by name",
      },
      {
        words: ["manifest unknown"],
        pattern: /manifest unknown/,
        when: ({ context, text }) => context.has("index-seen") && !digest.test(text),
        condition: "after the log has shown the index",
      },
      {
        words: ["could not fetch content descriptor"],
        pattern: /could not fetch content descriptor sha256:[0-9a-f]{12,64}.*image\.manifest.*not found/,
      },
    ],
    cause:
      "The images that an index names carry no tags. A clean-up of untagged images deleted them and left the index.",
    fixes: [
      {
        text: "Build and push again, and make the clean-up walk indexes (archway image prune does) or spare untagged images. archway verify IMAGE asks for every child.",
      },
    ],
    url: "https://github.com/snok/container-retention-policy/issues/97",
  },
  {
    code: "E47",
    title: "A local image of another platform stands in the way",
    severity: "error",
    signs: [
      {
        words: ["was found but "],
        pattern:
          /image with reference \S+ was found but (?:its platform )?(?:\([^)]*\) )?(?:does not|doesn't) (?:match|provide) the specified platform(?:: wanted \(?(?<platform>[\w/]+))?/,
      },
    ],
    cause: "The local store has the tag for one platform only, and another one was asked for.",
    fixes: [
      {
        text: "Pull the other one (docker pull --platform PLATFORM IMAGE), remove the local image first, or switch on Docker's containerd image store, which keeps several.",
      },
    ],
    url: "https://github.com/coze-dev/coze-studio/issues/415",
  },
];

function isManifestAdd(evidence: Evidence): boolean {
  return (
    evidence.near(/manifest (?:add|create)\b/) ||
    (evidence.context.has("manifest-add") && /selecting image/.test(evidence.text))
  );
}
