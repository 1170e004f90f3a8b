import type { Reference } from "../../oci/reference.ts";
import { CredentialFinder } from "./credentials.ts";
import type { Environment } from "./credentials.ts";
import type { ImageStore } from "../store.ts";
import type { Timeouts } from "./http.ts";
import { MirroredStore } from "./mirrors.ts";
import { RegistryStore } from "./registry.ts";
import type { RetryPolicy } from "./retry.ts";
import type { RegistrySettings } from "./settings.ts";
import { Transport } from "./transport.ts";

/** Patience that is not the default. */
export interface RegistryPatience {
  readonly retry?: RetryPolicy;
  readonly timeouts?: Timeouts;
}

/**
 * All registries that one run of the program speaks with: settings, credentials, connections, tokens and limits, shared by the
 * repositories of a registry. Make one a run, and pass it on.
 */
export class Registries {
  readonly settings: RegistrySettings;
  readonly #credentials: CredentialFinder;
  readonly #patience: RegistryPatience;
  readonly #transports = new Map<string, Transport>();
  readonly #repositories = new Map<string, RegistryStore>();
  readonly #mirrored = new Map<string, MirroredStore>();

  /** @param environment The process's, for `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE` and credential helpers. */
  constructor(settings: RegistrySettings, environment: Environment, patience: RegistryPatience = {}) {
    this.settings = settings;
    this.#credentials = new CredentialFinder(environment, settings.login);
    this.#patience = patience;
  }

  /**
   * The repository of a reference, the same object for the same repository. Its reads go through the mirrors that are configured for
   * its registry.
   */
  open(reference: Pick<Reference, "host" | "path">): ImageStore {
    const { host, path } = reference;
    if ((this.settings.registries[host]?.mirrors ?? []).length === 0) return this.repository(reference);
    const name = `${host}/${path}`;
    const known = this.#mirrored.get(name);
    if (known !== undefined) return known;
    const store = new MirroredStore(reference, this);
    this.#mirrored.set(name, store);
    return store;
  }

  /** A repository of the registry itself, without its mirrors. */
  repository({ host, path }: Pick<Reference, "host" | "path">): RegistryStore {
    const name = `${host}/${path}`;
    const known = this.#repositories.get(name);
    if (known !== undefined) return known;
    const store = new RegistryStore(this.#transport(host), path);
    this.#repositories.set(name, store);
    return store;
  }

  /** Closes idle connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#transports.values()].map((transport) => transport.close()));
  }

  #transport(host: string): Transport {
    const known = this.#transports.get(host);
    if (known !== undefined) return known;
    const transport = new Transport(host, {
      settings: this.settings,
      credentials: this.#credentials,
      ...this.#patience,
    });
    this.#transports.set(host, transport);
    return transport;
  }
}
