import { LiveScreen } from "../report/live-screen.ts";
import { formatBytes } from "../report/quantity.ts";
import { printable } from "../report/style.ts";
import type { LayerProgress } from "../verify/layer/image-layers.ts";
import type { CliContext } from "./context.ts";

/** What a person sees on standard error while images are proven. */
export interface ProofProgress {
  /** A line that stays: which image, and which platforms of it. */
  begin(text: string): void;
  layer(progress: LayerProgress): void;
  /** Takes the live line away. */
  end(): void;
}

/** Milliseconds between two looks of the live line. */
const interval = 200;

/** Lines on standard error; on a terminal also one that lives while layers are read. */
export function openProofProgress({ stderr, now }: Pick<CliContext, "stderr" | "now">): ProofProgress {
  const screen = stderr.isTTY === true ? new LiveScreen(stderr) : undefined;
  const unpacked = new Map<string, number>();
  let drawn = 0;
  return {
    begin(text) {
      const line = printable(text);
      if (screen === undefined) stderr.write(`${line}\n`);
      else screen.print(line);
    },
    layer({ digest, unpacked: bytes }) {
      if (screen === undefined) return;
      unpacked.set(digest, bytes);
      if (now() - drawn < interval) return;
      drawn = now();
      const total = [...unpacked.values()].reduce((sum, one) => sum + one, 0);
      screen.draw([`  read ${formatBytes(total)} of ${unpacked.size} layer${unpacked.size === 1 ? "" : "s"}`]);
    },
    end: () => screen?.clear(),
  };
}
