/** The contract of stores, against every kind of store there is. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { LayoutStore } from "../../src/store/layout.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { Bed } from "../bed/bed.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import type { RegistryKind } from "../bed/registry.ts";
import { storeContract } from "./store-contract.ts";

let folder = "";
let bed: Bed | undefined;
let opened = 0;
const registries = new Map<RegistryKind, Registries>();

/** Which component of the bed each kind of registry is. */
const components = [
  ["distribution", "registry"],
  ["debian", "registry-debian"],
  ["basic", "registry-basic"],
  ["token", "registry-token"],
  ["tls", "registry-tls"],
] as const;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-store-"));
  const reasons = await Promise.all(components.map(([, component]) => unavailable(component)));
  bed = await startBed({
    need: components.map(([, component]) => component).filter((_, position) => reasons[position] === false),
  });
});

after(async () => {
  await Promise.all([...registries.values()].map((one) => one.close()));
  await bed?.stop();
  await rm(folder, { recursive: true, force: true });
});

storeContract("an OCI layout", async () => new LayoutStore(join(folder, `layout-${opened++}`)), { skip: false });

for (const [kind, component] of components) {
  const skip = await unavailable(component);
  storeContract(`a repository of the registry "${kind}"`, () => openRepository(kind), { skip });
}

/** A new repository in a registry of the bed, as the writer where it wants a login. */
async function openRepository(kind: RegistryKind) {
  if (bed === undefined) throw new Error("there is no bed");
  const registry = await bed.registry(kind);
  let known = registries.get(kind);
  if (known === undefined) {
    const needsLogin = kind === "basic" || kind === "token";
    const environment = { DOCKER_CONFIG: needsLogin ? await registry.login("writer") : folder };
    const entry = registry.ca === undefined ? {} : { [registry.host]: { ca: registry.ca } };
    known = new Registries({ registries: entry, insecure: [] }, environment);
    registries.set(kind, known);
  }
  return known.repository({ host: registry.host, path: `team/app-${opened++}` });
}
