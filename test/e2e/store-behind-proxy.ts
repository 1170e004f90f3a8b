/** A repository of a real registry behind a proxy that breaks what a test tells it to. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { after, before, beforeEach, describe } from "node:test";
import type { RegistryPatience } from "../../src/store/registry/registries.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { RegistryStore } from "../../src/store/registry/registry.ts";
import type { Bed } from "../bed/bed.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Fault, FaultProxy, SeenRequest } from "../faults/proxy.ts";
import { startFaultProxy } from "../faults/proxy.ts";
import { content, noise } from "./store-samples.ts";

/** The same number of tries as by default, in a hurry. */
export const hurried: RegistryPatience = {
  retry: { attempts: 6, firstDelay: 1, maxDelay: 10, maxRetryAfter: 3_000 },
  timeouts: { connect: 10_000, idle: 30_000 },
};

/** Registries without login, by what they are in the bed. */
const kinds = [
  ["debian", "registry-debian"],
  ["distribution", "registry"],
] as const;

/** A request as faults are chosen by. */
export type Asked = Omit<SeenRequest, "fault">;

/** What a test has to itself: an empty repository. */
export interface BehindProxy {
  readonly kind: (typeof kinds)[number][0];
  readonly proxy: FaultProxy;
  readonly registries: Registries;
  /** The repository, behind the proxy. */
  readonly where: RegistryStore;
  /** The same repository without the proxy. */
  readonly direct: RegistryStore;
  readonly path: string;
}

/** Declares tests for each kind of registry. `current` gives what the running test has. */
export async function behindProxy(what: string, declare: (current: () => BehindProxy) => void): Promise<void> {
  for (const [kind, component] of kinds) {
    const skip = await unavailable(component);
    describe(`${what}, with the registry "${kind}"`, { skip }, () => {
      let bed: Bed;
      let proxy: FaultProxy;
      let setting: BehindProxy | undefined;
      let opened = 0;

      before(async () => {
        bed = await startBed({ need: [component] });
        proxy = await startFaultProxy((await bed.registry(kind)).host);
      });

      after(async () => {
        await setting?.registries.close();
        await proxy[Symbol.asyncDispose]();
        await bed.stop();
      });

      beforeEach(async () => {
        await setting?.registries.close();
        proxy.choose = () => undefined;
        const registries = new Registries({ registries: {}, insecure: [] }, {}, hurried);
        const path = `faults/app-${opened++}`;
        const where = registries.repository({ host: proxy.host, path });
        const direct = registries.repository({ host: (await bed.registry(kind)).host, path });
        setting = { kind, proxy, registries, where, direct, path };
        // The first request finds out whether TLS is spoken.
        await where.has(content(noise("scheme", 1)).descriptor.digest, "blob");
        proxy.seen.length = 0;
      });

      declare(() => {
        if (setting === undefined) throw new Error("no test is running");
        return setting;
      });
    });
  }
}

/** Chooses requests by method and URL. */
export function is(method: string, url: RegExp): (request: Asked) => boolean {
  return (request) => request.method === method && url.test(request.url);
}

/** Breaks the first requests that match, one fault each. */
export function breakFirst(proxy: FaultProxy, matches: (request: Asked) => boolean, ...faults: readonly Fault[]): void {
  const left = [...faults];
  proxy.choose = (request) => (matches(request) ? left.shift() : undefined);
}

/** Breaks every request that matches. */
export function breakAlways(proxy: FaultProxy, matches: (request: Asked) => boolean, fault: Fault): void {
  proxy.choose = (request) => (matches(request) ? fault : undefined);
}

/** How many requests the proxy saw. */
export function count(proxy: FaultProxy, method: string, url: RegExp): number {
  return proxy.seen.filter(is(method, url)).length;
}

/** A credentials file for one host, in a folder that is deleted with `parent`. */
export async function writeLogin(parent: string, host: string, user: string, password: string): Promise<string> {
  const file = `${await mkdtemp(`${parent}/login-`)}/auth.json`;
  const auth = Buffer.from(`${user}:${password}`).toString("base64");
  await writeFile(file, JSON.stringify({ auths: { [host]: { auth } } }));
  return file;
}
