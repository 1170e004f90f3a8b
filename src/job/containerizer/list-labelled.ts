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
  const [ofContainers, ofNetworks, ofVolumes, ofImages] = await Promise.all([
    ask("list containers", `/containers/json?all=true&filters=${labelled}`),
    ask("list networks", `/networks?filters=${labelled}`),
    ask("list volumes", `/volumes?filters=${labelled}`),
    ask("list images", `/images/json?filters=${named}`),
  ]);
  const containers = containersAnswer.parse(ofContainers);
  const networks = networksAnswer.parse(ofNetworks);
  const { Volumes } = volumesAnswer.parse(ofVolumes);
  const images = imagesAnswer.parse(ofImages);
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
