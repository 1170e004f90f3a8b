/** What kind of file of a known service or tool a manifest is. */
export type ManifestKind = "compose" | "bake" | "kubernetes" | "helm" | "kustomize" | "ci";

/** A file of compose, CI, Kubernetes, Helm or bake that was understood. */
export interface Manifest {
  readonly path: string;
  readonly kind: ManifestKind;
}
