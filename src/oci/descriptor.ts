import type { Platform } from "../platform/platform.ts";

/** A digest in OCI form, `algorithm:hex`; only sha256 and sha512 are accepted. */
export type Digest = `${"sha256" | "sha512"}:${string}`;

/** What points at content (OCI image-spec, descriptor.md). `platform` is normalised when present. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly urls?: readonly string[];
}
