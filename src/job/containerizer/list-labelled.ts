import type { Labelled, Removable } from "./containerizer.ts";
import { containersAnswer, imagesAnswer, networksAnswer, volumesAnswer } from "./docker-answers.ts";
import { ownerLabel, readLabels } from "./labels.ts";
import { loadedName, ownerOfLoaded } from "./pull-image.ts";

/** What of an engine carries our labels, and images that were loaded for one process: those are known by their names. */
export async function listLabelled(
  ask: (what: string, path: string) => Promise<unknown>,
): Promise<readonly Labelled[]> {
  const labelled = encodeURIComponent(JSON.stringify({ label: [ownerLabel] }));
  const named = encodeURIComponent(JSON.stringify({ reference: [loadedName] }));
  const containers = containersAnswer.parse(
    await ask("list containers", `/containers/json?all=true&filters=${labelled}`),
  );
  const networks = networksAnswer.parse(await ask("list networks", `/networks?filters=${labelled}`));
  const { Volumes } = volumesAnswer.parse(await ask("list volumes", `/volumes?filters=${labelled}`));
  const images = imagesAnswer.parse(await ask("list images", `/images/json?filters=${named}`));
  return [
    ...containers.flatMap(({ Id, Labels }) => of({ kind: "container", id: Id }, Labels)),
    ...networks.flatMap(({ Id, Labels }) => of({ kind: "network", id: Id }, Labels)),
    ...(Volumes ?? []).flatMap(({ Name, Labels }) => of({ kind: "volume", id: Name }, Labels)),
    ...images
      .flatMap(({ RepoTags }) => RepoTags ?? [])
      .flatMap((id): readonly Labelled[] => {
        const owner = ownerOfLoaded(id);
        return owner === undefined ? [] : [{ kind: "image", id, labels: { owner, run: "" } }];
      }),
  ];
}

function of(what: Removable, written: Readonly<Record<string, string>> | null | undefined): readonly Labelled[] {
  const labels = readLabels(written ?? {});
  return labels === undefined ? [] : [{ ...what, labels }];
}
