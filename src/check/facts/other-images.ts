/** Tags of an image outside of Docker's official ones that are known to have linux/arm64, or to lack it. */
export interface OtherImage {
  /** `HOST/PATH`. */
  readonly image: string;
  /** Lines as in `official-images.ts`. */
  readonly tags: string;
  /** Where it is said. */
  readonly source: string;
  /** Day of what is said there, `YYYY-MM-DD`. */
  readonly asOf: string;
}

/** Any number of the last part of a version. */
const any = 9999;

/** Images of one project that are alike. */
function alike(images: readonly string[], rest: Omit<OtherImage, "image">): OtherImage[] {
  return images.map((image) => ({ image, ...rest }));
}

/** Each with a source of its own: what the project itself says, or what somebody saw in the registry. */
export const otherImages: readonly OtherImage[] = [
  ...alike(
    [
      "cp-kafka",
      "cp-zookeeper",
      "cp-server",
      "cp-schema-registry",
      "cp-kafka-connect",
      "cp-kafka-connect-base",
      "cp-kafka-rest",
    ].map((name) => `docker.io/confluentinc/${name}`),
    {
      tags: `# 3.0.0..7.1.${any}- 7.2.0..7.9.${any}+`,
      source: "https://github.com/confluentinc/kafka-images/issues/159",
      asOf: "2022-07-11",
    },
  ),
  ...alike(
    ["elasticsearch", "elasticsearch-oss"].map((name) => `docker.elastic.co/elasticsearch/${name}`),
    {
      // Docker's official image is this one by its digest: its architectures are those of this one.
      tags: "# 5.0.0..7.7.1- 7.8.0..7.10.2+",
      source: "https://github.com/docker-library/official-images/commits/master/library/elasticsearch",
      asOf: "2020-07-27",
    },
  ),
  {
    image: "docker.io/wurstmeister/kafka",
    tags: "#-# 2.8,0..2.13,2.8.1-\nlatest -",
    source: "https://github.com/wurstmeister/kafka-docker/issues/598",
    asOf: "2021-05-26",
  },
  {
    image: "docker.io/bitnami/kafka",
    tags: `# 0.10..2.8.${any}-\n#-debian-#-r# 0.10,8,0..2.8.${any},11,${any}-`,
    source: "https://github.com/bitnami/containers/issues/76140",
    asOf: "2025-01-10",
  },
  {
    image: "docker.io/jenkins/jenkins",
    tags: "# 1.609..2.302- 2.307..2.555+\nlatest +\nlts +",
    source: "https://github.com/kubesphere/ks-jenkins/issues/49",
    asOf: "2021-09-16",
  },
  {
    image: "gcr.io/kaniko-project/executor",
    tags: "v# 0.1.0..0.24.0- 1.3.0..1.24.0+\nlatest +",
    source: "https://github.com/GoogleContainerTools/kaniko/releases/tag/v1.3.0",
    asOf: "2020-10-30",
  },
  {
    image: "docker.io/yandex/clickhouse-server",
    tags: `# 1.1..21.${any}-\nlatest -`,
    source: "https://github.com/ClickHouse/ClickHouse/issues/22222",
    asOf: "2022-01-14",
  },
  {
    image: "docker.io/clickhouse/clickhouse-server",
    tags: `# 21.1..21.${any}- 22.2..26.7.${any}+\nlatest +`,
    source: "https://github.com/ClickHouse/ClickHouse/issues/22222",
    asOf: "2022-01-17",
  },
  {
    image: "mcr.microsoft.com/mssql/server",
    tags: `#-latest 2017..2025-\n#-CU#-ubuntu-# 2017,1,16.04..2025,${any},24.04-\nlatest -`,
    source: "https://github.com/microsoft/mssql-docker/issues/864",
    asOf: "2025-06-15",
  },
  ...alike(
    ["hub", "node-firefox", "standalone-firefox"].map((name) => `docker.io/selenium/${name}`),
    {
      tags: `# 2.40..4.20.${any}- 4.21.0..4.40.${any}+\n#-# 2.40,1..4.20.${any},99999999- 4.21.0,20240521..4.40.${any},99999999+\nlatest +`,
      source: "https://github.com/SeleniumHQ/docker-selenium/pull/2266",
      asOf: "2024-05-21",
    },
  ),
  ...alike(
    ["node-chrome", "standalone-chrome"].map((name) => `docker.io/selenium/${name}`),
    {
      tags: `# 2.40..4.20.${any}-\n#-# 2.40,1..4.20.${any},99999999-`,
      source: "https://github.com/SeleniumHQ/docker-selenium/pull/3187",
      asOf: "2026-08-01",
    },
  ),
  {
    image: "docker.io/mailhog/mailhog",
    tags: "v# 0.1..1.0.1-\nlatest -",
    source: "https://github.com/mailhog/MailHog/issues/454",
    asOf: "2024-12-01",
  },
  {
    image: "docker.io/jboss/keycloak",
    tags: "# 3.0..16.1.1-\nlatest -",
    source: "https://github.com/keycloak/keycloak-containers/issues/405",
    asOf: "2022-10-24",
  },
  {
    image: "quay.io/keycloak/keycloak",
    tags: `# 4.8..15.${any}- 17.0.0..26.5.${any}+\nlatest +`,
    source: "https://github.com/keycloak/keycloak/issues/11820",
    asOf: "2022-05-04",
  },
  ...alike(["quay.io/coreos/etcd", "gcr.io/etcd-development/etcd"], {
    tags: `v# 2.3..3.4.16- 3.5.0..3.6.${any}+`,
    source: "https://github.com/poseidon/typhoon/pull/1025",
    asOf: "2021-08-05",
  }),
  {
    image: "docker.io/sonatype/nexus3",
    tags: "# 3.0.0..3.57.0-",
    source: "https://github.com/sonatype/nexus-public/issues/185",
    asOf: "2023-07-06",
  },
  ...alike(
    ["k8s.gcr.io", "registry.k8s.io", "gcr.io/google_containers"].flatMap((host) =>
      ["kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler"].map((name) => `${host}/${name}`),
    ),
    {
      tags: `v# 1.6..1.11.1- 1.12.0..1.36.${any}+`,
      source: "https://github.com/kubernetes/kubernetes/pull/66960",
      asOf: "2018-08-07",
    },
  ),
  ...alike(["k8s.gcr.io/pause", "registry.k8s.io/pause"], {
    tags: "# 3.1..3.10+",
    source: "https://github.com/kubernetes/kubernetes/pull/66052",
    asOf: "2018-08-13",
  }),
  ...alike(
    ["static", "base", "cc"]
      .flatMap((name) => [name, `${name}-debian11`, `${name}-debian12`])
      .map((name) => `gcr.io/distroless/${name}`),
    {
      tags: "debug +\ndebug-nonroot +\nlatest +\nnonroot +",
      source: "https://github.com/GoogleContainerTools/distroless/pull/596",
      asOf: "2020-10-01",
    },
  ),
  ...alike(
    ["java11-debian11", "java17-debian11"].map((name) => `gcr.io/distroless/${name}`),
    {
      tags: "debug +\ndebug-nonroot +\nlatest +\nnonroot +",
      source: "https://github.com/GoogleContainerTools/distroless/issues/1216",
      asOf: "2023-01-17",
    },
  ),
];
