import type { BuildCall } from "../../callers/build-call.ts";
import { engineCommand } from "../../callers/engine-command.ts";
import { isBuild, readBuild } from "../../callers/read-build.ts";
import { readImages } from "../../callers/read-images.ts";
import type { MakefileModel } from "../../make/makefile.ts";
import type { ImageUse, Model } from "../../model.ts";

/** The builds and images of a Makefile on the architectures that it knows beside the requested ones. */
export function onOtherArchitectures(
  makefile: MakefileModel,
  model: Model,
): { readonly calls: readonly BuildCall[]; readonly images: readonly ImageUse[] } {
  const calls: BuildCall[] = [];
  const images: ImageUse[] = [];
  for (const execution of makefile.others) {
    for (const command of execution.trace.commands) {
      const engine = engineCommand(command);
      if (engine === undefined) continue;
      if (isBuild(engine)) calls.push(readBuild(engine, command, execution, model.repository).call);
      else images.push(...readImages(engine, command, execution));
    }
  }
  return { calls, images };
}
