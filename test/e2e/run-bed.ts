/** What the tests of `archway run` begin with: a bed, and repositories whose pipeline finds the bed's registry in the place of docker.io. */
import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { BaseName } from "../bed/base/recipes.ts";
import { startBed, type Bed } from "../bed/bed.ts";
import type { Component } from "../bed/component.ts";
import { workplace, type Workplace } from "./archway.ts";

export interface RepositoryOptions {
  /** Of the whole pipeline. Default: `linux/amd64`. */
  readonly platforms?: string;
  /** More files. */
  readonly files?: Readonly<Record<string, string>>;
  /** More of the environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** What stands in for docker.io. Default: {@link RunBed.mirror}. */
  readonly from?: string;
}

/** The bed of one suite, there in its hooks and tests. */
export interface RunBed {
  readonly bed: Bed;
  /** Host of the open registry, which has the bases. */
  readonly mirror: string;
  /** What every pipeline begins with: version, platforms, and the mirror. */
  head(options?: RepositoryOptions): string;
  /** A place with `.archway.yaml`: the head, and the rest of it as it is given. */
  repository(pipeline: string, options?: RepositoryOptions): Promise<Workplace>;
}

/** Starts a bed before the tests of the suite that calls it, with these bases in its registry, and stops it after them. */
export function runBed(need: readonly Component[], bases: readonly BaseName[] = ["busybox"]): RunBed {
  let started: { readonly bed: Bed; readonly mirror: string } | undefined;
  const running = () => started ?? assert.fail("the bed is there in hooks and tests");
  before(async () => {
    const bed = await startBed({ need });
    started = { bed, mirror: (await bed.registry()).host };
    for (const base of bases) await bed.base(base);
  });
  after(() => started?.bed.stop());

  const head = ({ platforms = "linux/amd64", from = running().mirror }: RepositoryOptions = {}) =>
    `version: 1\nplatforms: [${platforms}]\nregistries: { docker.io: { mirrors: ["${from}"] } }\n`;
  return {
    get bed() {
      return running().bed;
    },
    get mirror() {
      return running().mirror;
    },
    head,
    repository(pipeline, options = {}) {
      const { files = {}, env = {} } = options;
      const content = { ".archway.yaml": head(options) + pipeline, ...files };
      return workplace({ env: { ...running().bed.env, ...env } }, { files: content });
    },
  };
}
