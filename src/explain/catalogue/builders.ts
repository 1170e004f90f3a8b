import type { Entry, Fix } from "../entry.ts";

const containerStore: Fix = {
  text: 'Switch on the containerd image store ("features": {"containerd-snapshotter": true} in daemon.json, or in Docker Desktop\'s settings), or make a builder of its own: docker buildx create --use --driver docker-container.',
};

/** What build engines refuse: drivers, exporters, builders, names in Dockerfiles. */
export const builders: readonly Entry[] = [
  {
    code: "E03",
    title: "Docker's own builder makes one platform at a time",
    severity: "error",
    signs: [
      {
        words: ["multiple platforms feature is currently"],
        pattern: /[Mm]ultiple platforms feature is currently not supported for docker driver/,
      },
      {
        words: ["multi-platform build is not supported"],
        pattern: /[Mm]ulti-platform build is not supported for the docker driver/,
      },
    ],
    cause:
      "The default builder (driver docker) stores images in the classic image store, which cannot hold several platforms.",
    fixes: [containerStore],
    url: "https://docs.docker.com/build/building/multi-platform/#prerequisites",
  },
  {
    code: "E04",
    title: "Docker's own builder cannot write this output",
    severity: "error",
    signs: [
      {
        words: ["is not supported for the docker driver"],
        pattern:
          /(?:OCI exporter|Docker exporter|Cache export|Attestation\w*|[Ee]xporter \S+) is not supported for the docker driver/,
      },
      {
        words: ["currently not supported for docker driver"],
        pattern: /(?<!platforms )feature is currently not supported for docker driver/,
      },
    ],
    cause:
      "OCI and Docker archives, cache export and attestations need the containerd image store or a builder of its own.",
    fixes: [containerStore],
    url: "https://docs.docker.com/build/builders/drivers/docker/",
  },
  {
    code: "E05",
    title: "An index cannot be loaded into Docker this way",
    severity: "error",
    signs: [
      {
        words: ["exporting manifest lists"],
        pattern: /docker exporter does not (?:currently )?support exporting manifest lists/,
      },
    ],
    cause:
      "--load and type=docker hand over a single image. Several platforms, or one with attestations, make an index.",
    fixes: [
      {
        text: "Load one platform (--platform linux/arm64 --load --provenance=false), write type=oci,dest=FILE, or push. With the containerd image store Docker takes the whole index.",
      },
    ],
    url: "https://docs.docker.com/build/exporters/oci-docker/",
  },
  {
    code: "E06",
    title: "A builder of several nodes writes no archive",
    severity: "error",
    signs: [
      {
        words: ["for multi-node builds currently not supported"],
        pattern: /\w+ for multi-node builds currently not supported/,
      },
    ],
    cause: "buildx cannot join the results of several nodes in a local file.",
    fixes: [
      {
        text: "Push instead; or archway build --node PLATFORM=ENDPOINT … --output type=oci,dest=FILE, which joins them itself.",
      },
    ],
    url: "https://github.com/docker/buildx/issues/2007",
  },
  {
    code: "E07",
    title: "Docker's own builder cannot push like this",
    severity: "error",
    signs: [
      {
        words: ["multi-node push can't currently"],
        pattern: /multi-node push can't currently be performed with the docker driver/,
      },
      {
        words: ["push-by-digest is currently not implemented"],
        pattern: /push-by-digest is currently not implemented for docker driver/,
      },
    ],
    cause: "The driver docker pushes by tag and from one node only.",
    fixes: [
      {
        text: "Make a builder of its own: docker buildx create --use --driver docker-container, or name a remote buildkitd.",
      },
    ],
    url: "https://docs.docker.com/build/builders/drivers/docker/",
  },
  {
    code: "E08",
    title: "A tag was given to a push by digest",
    severity: "error",
    signs: [{ words: ["can't push tagged ref"], pattern: /can't push tagged ref \S+ by digest/ }],
    cause: "push-by-digest=true sets no tag, and refuses a name that has one.",
    fixes: [
      {
        text: "Name the repository alone: --output type=image,name=REPOSITORY,push-by-digest=true,name-canonical=true,push=true, without -t.",
      },
    ],
    url: "https://docs.docker.com/build/ci/github-actions/multi-platform/",
  },
  {
    code: "E09",
    title: "There is no name to push to",
    severity: "error",
    signs: [{ words: ["tag is needed when pushing"], pattern: /tag is needed when pushing to registry/ }],
    cause: "--push without -t: the action's input tags is empty, or metadata-action made none for this event.",
    fixes: [{ text: "Give -t REPOSITORY:TAG (tags: in build-push-action)." }],
    url: "https://docs.docker.com/reference/cli/docker/buildx/build/#push",
  },
  {
    code: "E39",
    title: "The connection to the builder broke",
    severity: "error",
    signs: [
      {
        words: ["failed to receive status", "failed to get status"],
        pattern:
          /failed to (?:receive|get) status: rpc error: code = (?:Unavailable|Unknown|Internal|DeadlineExceeded)/,
        rank: "consequence",
      },
      {
        words: ["received prior goaway", "session healthcheck failed", "healthcheck failed fatally"],
        pattern: /received prior goaway|session healthcheck failed|[Hh]ealthcheck failed fatally/,
        rank: "consequence",
        when: ({ context }) => context.engines.has("BuildKit") || context.engines.has("buildx"),
      },
      {
        words: ["error reading from server"],
        pattern: /code = Unavailable desc = error reading from server/,
        rank: "consequence",
        when: ({ context }) =>
          context.engines.has("BuildKit") || context.engines.has("buildx") || context.engines.has("Docker"),
      },
    ],
    cause:
      "buildkitd went away while it worked: it ran out of memory (emulated and parallel platforms take much), was restarted, or a proxy cut the connection.",
    fixes: [
      {
        engines: ["Kubernetes"],
        text: "Look at the builder's pod: kubectl describe pod, kubectl logs --previous; raise its memory, and the idle time of load balancers on the way.",
      },
      {
        text: "Look at the builder's log and the kernel's (docker logs buildx_buildkit_…, dmesg for oom-kill); give it more memory or build fewer platforms at once (archway build --jobs 1).",
      },
    ],
    url: "https://github.com/docker/buildx/issues/2064",
  },
  {
    code: "E43",
    title: "The builder's pods do not start",
    severity: "error",
    signs: [
      {
        words: ["replicas to be ready", "no running buildkit pods"],
        pattern: /expected \d+ replicas to be ready, got \d+|no running buildkit pods found/,
      },
    ],
    cause:
      "The Kubernetes driver waited for its pods in vain: no node has the architecture of the node selector, a taint keeps them away, or the emulators' init container may not run privileged.",
    fixes: [
      {
        text: "kubectl describe pod of the builder tells why. Check --driver-opt nodeselector=kubernetes.io/arch=…, tolerations and namespace policies (qemu.install needs privileged pods).",
      },
    ],
    url: "https://docs.docker.com/build/builders/drivers/kubernetes/",
  },
  {
    code: "E44",
    title: "A builder of this name exists already",
    severity: "error",
    signs: [
      {
        words: ["existing instance for"],
        pattern: /existing instance for \S+ but (?:no append mode|has mismatched driver)/,
      },
    ],
    cause:
      "Builders are state that all jobs of a machine share ($BUILDX_CONFIG): another run left one of the same name.",
    fixes: [
      {
        text: "Give each job its own BUILDX_CONFIG, remove the old one (docker buildx rm NAME), or add a node with --append.",
      },
    ],
    url: "https://docs.docker.com/reference/cli/docker/buildx/create/",
  },
  {
    code: "E45",
    title: "Linked targets build on different nodes",
    severity: "error",
    signs: [
      {
        words: ["targets build with different drivers"],
        pattern: /failed to use \S+ as context \S+ for \S+ because targets build with different drivers/,
      },
    ],
    cause: "A bake target takes another one as context (target:…), and the two are built by different nodes.",
    fixes: [
      {
        text: "Build both on one node, or push the first and name its image; a matrix over platforms keeps each platform on its node.",
      },
    ],
    url: "https://docs.docker.com/build/bake/contexts/",
  },
  {
    code: "E46",
    title: "FROM comes out empty or names a stage that does not exist",
    severity: "error",
    signs: [
      { words: ["should not be blank"], pattern: /base name \(.*\) should not be blank/ },
      { words: ["empty platform value from expression"], pattern: /empty platform value from expression/ },
      {
        words: ["failed to parse stage name"],
        pattern: /failed to parse stage name \\*"(?:[^"\\]*[-_:/.])?\\*": invalid reference format/,
        condition: "not for names in capital letters",
      },
      {
        words: ["pull access denied", "failed to resolve source metadata", "repository does not exist"],
        pattern:
          /docker\.io\/library\/(?<stage>[\w.]*[a-z][-_.](?:amd64|arm64|arm|armv7|armv6|386|riscv64|s390x|ppc64le))(?::latest)?: .*(?:pull access denied|not found|repository does not exist)|pull access denied for (?<other>[\w.]*[a-z][-_](?:amd64|arm64|arm|armv7|386|riscv64|s390x|ppc64le)), repository/,
      },
    ],
    cause:
      "An ARG used in FROM is not declared before the first FROM, or a name such as FROM build_$TARGETARCH has no stage for this architecture and is looked for on Docker Hub.",
    fixes: [
      {
        text: "Declare the ARG above the first FROM (TARGETARCH and its kin need none there), and write a stage for every platform that is built: FROM … AS build_arm64.",
      },
    ],
    url: "https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact",
    explains: ["E25"],
  },
  {
    code: "E50",
    title: "Annotations of an index need an index",
    severity: "error",
    signs: [
      {
        words: ["index annotations not supported"],
        pattern: /index annotations not supported for single platform export/,
      },
    ],
    cause: "One platform without attestations makes a plain image, which has no index to annotate.",
    fixes: [
      {
        text: "Annotate the manifest (manifest:KEY=VALUE), build several platforms, or force an index: --build-arg BUILDKIT_MULTI_PLATFORM=1.",
      },
    ],
    url: "https://docs.docker.com/build/metadata/annotations/",
  },
  {
    code: "W2",
    title: "FROM --platform is a constant",
    severity: "warning",
    signs: [
      { words: ["should not use constant value"], pattern: /FROM --platform flag should not use constant value/ },
    ],
    cause:
      "The stage has the same platform whatever is built. In the last stage every platform's image then holds this one's files.",
    fixes: [
      { text: "Leave --platform out of the last stage; in stages that compile write --platform=$BUILDPLATFORM." },
    ],
    url: "https://docs.docker.com/reference/build-checks/from-platform-flag-const-disallowed/",
  },
  {
    code: "W3",
    title: "FROM --platform=$TARGETPLATFORM says nothing",
    severity: "warning",
    signs: [
      { words: ["setting platform to predefined"], pattern: /Setting platform to predefined \S+ in FROM is redundant/ },
    ],
    cause: "The target platform is what FROM takes by itself. Often $BUILDPLATFORM was meant.",
    fixes: [{ text: "Leave it out, or write --platform=$BUILDPLATFORM in a stage that cross-compiles." }],
    url: "https://docs.docker.com/reference/build-checks/redundant-target-platform/",
  },
  {
    code: "W4",
    title: "The build's result goes nowhere",
    severity: "warning",
    signs: [{ words: ["no output specified "], pattern: /No output specified (?:with|for) \S+ driver/ }],
    cause: "A builder of its own keeps results in its cache alone: there will be no image to run or push.",
    fixes: [{ text: "Add --push, --load (one platform) or --output type=oci,dest=FILE." }],
    url: "https://docs.docker.com/build/exporters/",
  },
];
