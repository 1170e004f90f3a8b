import type { ResolveReference } from "../build/bases.ts";
import type { Config } from "../config/config.ts";
import type { Reference } from "../oci/reference.ts";
import { resolveThroughMirrors } from "../store/registry/mirrors.ts";
import { Registries, type RegistryPatience } from "../store/registry/registries.ts";
import { allowsPlainHttp, type Login } from "../store/registry/settings.ts";
import type { ImageStore } from "../store/store.ts";
import type { CliContext } from "./context.ts";

/** The registries of one command, as configuration and options say how to reach them. */
export interface OpenRegistries {
  readonly registries: Registries;
  /** A repository; the same store for the same repository. */
  open(reference: Reference): ImageStore;
  readonly resolve: ResolveReference;
  /** Whether a host may be spoken to without TLS. */
  plainHttp(host: string): boolean;
}

/** Opens the registries of one command; nothing is connected yet. `patience` is for commands that wait for a registry less long than others. */
export function openRegistries(
  settings: {
    readonly registries: Config["registries"];
    readonly insecureRegistries: readonly string[];
    readonly login?: Login;
  },
  context: Pick<CliContext, "env">,
  patience: RegistryPatience = {},
): OpenRegistries {
  const { registries: entries, insecureRegistries, login } = settings;
  const configured = Object.keys(entries).filter((host) => entries[host]?.insecure);
  const insecure = [...insecureRegistries, ...configured];
  const known = { registries: entries, insecure, ...(login === undefined ? {} : { login }) };
  const registries = new Registries(known, context.env, patience);
  return {
    registries,
    open: (reference) => registries.open(reference),
    resolve: (reference, signal) => resolveThroughMirrors(reference, registries, { signal }),
    plainHttp: (host) => allowsPlainHttp(host, known),
  };
}
