/**
 * What runs where: `os/architecture[/variant]` in OCI's (Go's) names, normalised: `linux/arm64` never carries `v8`,
 * `linux/amd64` never `v1`, 32-bit ARM always carries its variant.
 */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}
