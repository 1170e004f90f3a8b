/** What the tests of `archway image` stand on: two registries, a base image, and a folder in which the command runs. */
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { parseReference } from "../../src/oci/reference.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import type { ImageStore } from "../../src/store/store.ts";
import { startBed } from "../bed/bed.ts";
import type { BaseImage, Bed, BedOptions } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";
import type { Ended, Workplace } from "./archway.ts";

interface Started {
  readonly bed: Bed;
  readonly here: Registry;
  readonly there: Registry;
  readonly busybox: BaseImage;
  readonly place: Workplace;
}

/** The bed of one `describe`. Its parts are there when the tests run. */
export interface ImageBed extends Started {
  /** The current distribution. */
  readonly here: Registry;
  /** Debian's distribution, which keeps no list of referrers and cannot remove a tag alone. */
  readonly there: Registry;
  /** Opens `HOST/PATH`. */
  readonly repository: (name: string) => ImageStore;
  /** Runs `archway image` in the folder. */
  readonly image: (...args: readonly string[]) => Promise<Ended>;
  /** The same, and asserts that it ends with 0. */
  readonly succeeds: (...args: readonly string[]) => Promise<Ended>;
  /** Runs another tool, and gives its standard output. */
  readonly tool: (program: string, ...args: readonly string[]) => Promise<string>;
  /** What crane says that a tag points at. */
  readonly digestOf: (image: string) => Promise<string>;
  readonly assertNoTag: (image: string) => Promise<void>;
  /** The tags of a repository as crane lists them, sorted. */
  readonly tags: (repository: string) => Promise<string[]>;
}

/** Starts a bed before the tests of the `describe` in which it is called, and stops it after them. */
export function imageBed(needs: BedOptions["need"]): ImageBed {
  let started: Started | undefined;
  const parts = (): Started => {
    assert.ok(started, "the bed starts before the tests");
    return started;
  };
  const registries = new Registries({ registries: {}, insecure: [] }, {});

  before(async () => {
    const bed = await startBed({ need: needs });
    const [here, there] = [await bed.registry(), await bed.registry("debian")];
    started = { bed, here, there, busybox: await bed.base("busybox"), place: await workplace(bed) };
  });
  after(async () => {
    await started?.place[Symbol.asyncDispose]();
    await registries.close();
    await started?.bed.stop();
  });

  const image = (...args: readonly string[]): Promise<Ended> => {
    const { place } = parts();
    return archway(["image", ...args], { cwd: place.dir, env: place.env });
  };
  const tool = (program: string, ...args: readonly string[]) => run(program, args, { env: parts().bed.env });
  const digestOf = async (name: string) => (await tool("crane", "digest", "--insecure", name)).trim();
  return {
    get bed() {
      return parts().bed;
    },
    get here() {
      return parts().here;
    },
    get there() {
      return parts().there;
    },
    get busybox() {
      return parts().busybox;
    },
    get place() {
      return parts().place;
    },
    repository: (name) => registries.open(parseReference(name)),
    image,
    succeeds: async (...args) => {
      const ended = await image(...args);
      assert.equal(ended.code, 0, ended.stderr);
      return ended;
    },
    tool,
    digestOf,
    assertNoTag: (name) => assert.rejects(digestOf(name), `${name} must not exist`),
    tags: async (name) => (await tool("crane", "ls", "--insecure", name)).trim().split("\n").sort(),
  };
}
