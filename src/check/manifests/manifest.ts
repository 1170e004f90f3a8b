import type { Place } from "../place.ts";
import type { Value } from "../value.ts";

/** A file of compose, CI, Kubernetes, Helm or bake that was understood. */
export type Manifest = CiManifest | ComposeManifest | BakeManifest | KubernetesManifest;

/** A file of a CI service. */
interface CiManifest {
  readonly kind: "ci";
  readonly path: string;
  readonly system: CiSystem;
  /** True when something in it sets up emulation or runs jobs on machines of several architectures: it knows of other platforms. */
  readonly knowsPlatforms: boolean;
}

type CiSystem = "github" | "gitlab" | "drone" | "woodpecker" | "circleci" | "travis" | "azure" | "tekton" | "concourse";

/** A file of Docker Compose. */
export interface ComposeManifest {
  readonly kind: "compose";
  readonly path: string;
  readonly services: readonly ComposeService[];
}

export interface ComposeService {
  readonly name: string;
  readonly place: Place;
  readonly image?: Value;
  /** `platform:` of the service, and the line it stands in. */
  readonly platform?: { readonly value: Value; readonly place: Place };
  /** True when compose builds it. */
  readonly builds: boolean;
}

/** A file of `docker buildx bake`. */
interface BakeManifest {
  readonly kind: "bake";
  readonly path: string;
  /** Names of its targets, groups not among them. */
  readonly targets: readonly string[];
}

/** A file of Kubernetes objects, or one of Helm or Kustomize that makes some. */
export interface KubernetesManifest {
  readonly kind: "kubernetes" | "helm" | "kustomize";
  readonly path: string;
  readonly workloads: readonly Workload[];
  /** Labels of nodes that are written in it, current and deprecated ones. */
  readonly labels: readonly NodeLabel[];
}

/** What makes pods: a Pod, or something with a template of one; for values of Helm and patches of Kustomize what they would become. */
export interface Workload {
  /** `Deployment`, `DaemonSet`, … */
  readonly kind: string;
  readonly name: string;
  /** From its first to its last line. */
  readonly place: Place;
  /** The images of its containers, and where their lines are; of a container that a template names only in part some are unknown. */
  readonly images: readonly { readonly value: Value; readonly place: Place }[];
  /** What its node selector and required affinity ask of the architecture; absent when they ask nothing. */
  readonly architectures?: ArchitectureRule;
  /** True when it uses a selector that is not known (a value of a template): then nothing is known of what it may run on. */
  readonly isOpen: boolean;
}

/** The architectures that a workload may run on. */
export interface ArchitectureRule {
  /** OCI's names, in the order of the file. */
  readonly allowed: readonly string[];
  /** The entry or expression that asks for them. */
  readonly place: Place;
  /** Where each name is written. */
  readonly names: readonly { readonly text: string; readonly place: Place }[];
}

/** A label of nodes that names their architecture or operating system. */
export interface NodeLabel {
  /** `beta.kubernetes.io/arch` */
  readonly text: string;
  readonly place: Place;
}
