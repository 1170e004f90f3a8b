import { z } from "zod";
import { parseAllDocuments } from "yaml";
import { ArchwayError } from "../../error/error.ts";
import { parsePlatform } from "../../platform/platform.ts";
import type { Platform } from "../../platform/platform.ts";

/** What a runtime profile of IceCI comes to: machines of a platform, and limits. */
export interface Profile {
  readonly platform?: Platform;
  /** Processors and bytes, as Kubernetes writes them: `500m`, `128Mi`. */
  readonly limits: { readonly cpu?: string; readonly memory?: string };
  /** What has no counterpart: `serviceAccountName`, `annotations`. */
  readonly lost: readonly string[];
}

/** Names that profiles of IceCI have in its own repositories, and what is meant: `arm` was a 32-bit Raspberry Pi. */
const usualNames: Readonly<Record<string, string>> = {
  amd64: "linux/amd64",
  x86: "linux/amd64",
  x86_64: "linux/amd64",
  arm: "linux/arm/v7",
  armhf: "linux/arm/v7",
  armv7: "linux/arm/v7",
  arm64: "linux/arm64",
  aarch64: "linux/arm64",
};

/** The platform that a profile's own name says; `undefined` when it says none. */
export function profileByName(name: string): Profile | undefined {
  const platform = Object.hasOwn(usualNames, name.toLowerCase()) ? usualNames[name.toLowerCase()] : undefined;
  return platform === undefined ? undefined : { platform: parsePlatform(platform), limits: {}, lost: [] };
}

const quantity = z.union([z.string(), z.number()]).transform(String);
const resources = z.object({ cpu: quantity.optional(), memory: quantity.optional() });

const manifest = z.object({
  kind: z.literal("RuntimeProfile"),
  metadata: z.object({ name: z.string().min(1) }),
  spec: z
    .object({
      nodeSelector: z.record(z.string(), z.string()).default({}),
      resources: z.object({ limits: resources.optional() }).default({}),
      serviceAccountName: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
      annotations: z.record(z.string(), z.string()).optional(),
    })
    .prefault({}),
});

const architectureLabels = ["kubernetes.io/arch", "beta.kubernetes.io/arch"];

/**
 * The runtime profiles in a file of Kubernetes manifests; other kinds in it are passed over.
 *
 * @throws ArchwayError `PROFILES_INVALID` (kind `input`).
 */
export function parseProfiles(content: string, file: string): Map<string, Profile> {
  const found = new Map<string, Profile>();
  for (const document of parseAllDocuments(content)) {
    const [problem] = document.errors ?? [];
    if (problem) throw invalid(file, problem.message);
    const value: unknown = document.toJS();
    const isProfile = z.object({ kind: z.literal("RuntimeProfile") }).safeParse(value).success;
    if (!isProfile) continue;
    const read = manifest.safeParse(value);
    if (!read.success) {
      const [issue] = read.error.issues;
      throw invalid(file, `a RuntimeProfile in it: ${issue?.path.join(".")}: ${issue?.message}`);
    }
    found.set(read.data.metadata.name, profileOf(read.data.spec));
  }
  if (found.size === 0) throw invalid(file, "it holds no manifest of kind RuntimeProfile");
  return found;
}

function profileOf(spec: z.output<typeof manifest>["spec"]): Profile {
  const label = architectureLabels.find((name) => spec.nodeSelector[name] !== undefined);
  const architecture = label === undefined ? undefined : spec.nodeSelector[label];
  const { cpu, memory } = spec.resources.limits ?? {};
  const others = Object.keys(spec.nodeSelector).filter(
    (name) => !architectureLabels.includes(name) && name !== "kubernetes.io/os",
  );
  return {
    ...(architecture === undefined ? {} : { platform: parsePlatform(usualNames[architecture] ?? architecture) }),
    limits: { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) },
    lost: [
      ...others.map((name) => `nodeSelector ${name}`),
      ...(["serviceAccountName", "labels", "annotations"] as const).filter((name) => spec[name] !== undefined),
    ],
  };
}

function invalid(file: string, problem: string): ArchwayError {
  return new ArchwayError({
    code: "PROFILES_INVALID",
    kind: "input",
    message: `The runtime profiles cannot be read: ${problem}.`,
    hint: "Write them with: kubectl get runtimeprofiles -o yaml, one document a profile. Or name each with --profile NAME=PLATFORM.",
    place: { file },
  });
}
