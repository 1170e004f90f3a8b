import { describeHost } from "../platform/host.ts";
import type { Platform } from "../platform/platform.ts";
import { probeMachine } from "../platform/probe.ts";
import type { CliContext } from "./context.ts";

/** What a container engine on this machine runs: its own platform; Linux of the same architecture where engines run in a virtual machine. */
export async function localPlatform(context: CliContext): Promise<Platform> {
  const { platform } = describeHost(await probeMachine(context.signal));
  return platform.os === "linux" ? platform : { ...platform, os: "linux" };
}
