import type { Entry } from "../entry.ts";

/** Platforms that are named wrongly, or to tools that do not know them. */
export const platformNames: readonly Entry[] = [
  {
    code: "E10",
    title: "The automatic platform arguments do not exist: the classic builder reads the Dockerfile",
    severity: "error",
    signs: [
      {
        words: ["failed to parse platform", "is an invalid component of"],
        pattern: /failed to parse platform ?:? ?\\*"\\*" is an invalid component of/,
      },
    ],
    cause:
      "FROM --platform=$BUILDPLATFORM came out empty: Docker's classic builder, docker-compose v1 or an old client library builds, which sets no such variables.",
    fixes: [
      {
        text: "Build with BuildKit: DOCKER_BUILDKIT=1, docker buildx build, or docker compose v2; for an old tool pass --build-arg BUILDPLATFORM=linux/amd64.",
      },
    ],
    url: "https://github.com/bmuschko/gradle-docker-plugin/issues/1233",
  },
  {
    code: "E11",
    title: "The platform is not one",
    severity: "error",
    signs: [
      { words: ["is an invalid component of"], pattern: /"[^"]+" is an invalid component of \\*"/ },
      {
        words: ["unknown operating system or architecture"],
        pattern: /\\*"(?<name>[^"\\]+)\\*": unknown operating system or architecture/,
      },
      { words: ["cannot parse platform specifier"], pattern: /cannot parse platform specifier/ },
    ],
    cause: "A platform is misspelled, or a list with commas was given to a tool or step that takes one platform.",
    fixes: [
      {
        text: "Write os/architecture[/variant]: linux/amd64, linux/arm64, linux/arm/v7. Where one platform is taken, start the step once for each.",
      },
    ],
    url: "https://github.com/containerd/platforms",
  },
  {
    code: "E49",
    title: "The index has no such platform, to the letter",
    severity: "error",
    signs: [
      { words: ["no child with platform"], pattern: /no child with platform (?<platform>[\w/]+)(?:\S*) in index/ },
    ],
    cause:
      "kaniko and other tools on go-containerregistry compare platforms strictly: arm64 and arm64/v8 are two, and neither stands in for the other.",
    fixes: [
      {
        text: "Name the platform as the index does (archway image inspect IMAGE): --custom-platform=linux/arm64 without a variant, or with it; or name the image by its digest.",
      },
    ],
    url: "https://github.com/GoogleContainerTools/kaniko/issues/1995",
  },
  {
    code: "E66",
    title: "The client does not know --platform",
    severity: "error",
    signs: [
      {
        words: ["--platform", "-platform"],
        pattern:
          /\\*"?--platform\\*"? is only supported on a Docker daemon with experimental|unknown (?:flag|option|shorthand flag): '?-{1,2}platform\b|flag provided but not defined: -platform|unrecognized option '?--platform/,
      },
      {
        words: ["unsupported config option", "additional propert"],
        pattern: /(?:Unsupported config option|Additional propert(?:y|ies)).*\bplatform\b/,
      },
    ],
    cause:
      "The Docker client or daemon is too old for --platform, has it behind its experimental switch, or lacks the buildx plugin that the flag belongs to.",
    fixes: [
      {
        text: 'Update Docker to 20.10 or newer and install docker-buildx-plugin; on an old daemon "experimental": true in daemon.json.',
      },
    ],
    url: "https://docs.docker.com/reference/cli/docker/buildx/build/",
  },
  {
    code: "W1",
    title: "The base image has another platform than the build",
    severity: "warning",
    signs: [
      {
        words: ["was pulled with platform"],
        pattern:
          /Base image \S+ was pulled with platform \\*"(?<actual>[^"\\]+)\\*", expected \\*"(?<platform>[^"\\]+)/,
      },
    ],
    cause:
      "FROM names an image of one platform alone (by digest, by an arm64v8/ prefix, or by --platform), and the build makes another: the result is called one platform and holds the other's files.",
    fixes: [
      {
        text: "Name the image by a tag or index digest that has all platforms, and leave out --platform in the final stage. archway verify IMAGE shows what is inside.",
      },
    ],
    url: "https://docs.docker.com/reference/build-checks/invalid-base-image-platform/",
  },
];
