/**
 * A process that writes images into a layout until it is killed: `store-writer.ts DIR NAME COUNT`. It prints a line for every image that
 * is there under its name.
 */
import { copyImage } from "../../src/image/copy.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { sampleIndex, store } from "./store-samples.ts";

const [directory = "", name = "", count = "1"] = process.argv.slice(2);
const source = new LayoutStore(`${directory}-source-${name}`);
const target = new LayoutStore(directory);
for (let n = 0; n < Number(count); n++) {
  // Large enough that most kills hit in the middle of a file.
  const image = sampleIndex(`${name} ${n}`, ["amd64", "arm64"], [2_000_000, 50_000]);
  await store(source, image);
  await copyImage(source, target, image.root.descriptor);
  await target.tag(`${name}-${n}`, image.root.descriptor);
  await target.tag(`${name}-latest`, image.root.descriptor);
  process.stdout.write(`${name}-${n}\n`);
}
