/** A gate that a step of a build waits at, so that tests need not guess how long it takes to get there. Steps of the bed's BuildKit reach this machine. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface StepGate extends AsyncDisposable {
  /** Command that waits there. */
  readonly wait: string;
  /** Resolves when the first step waits. */
  readonly reached: Promise<void>;
  /** Resolves when all steps that waited have gone: they were let through, or they were stopped. */
  readonly left: Promise<void>;
  /** Lets everybody through, from now on. */
  open(): void;
}

/** Makes a closed gate. */
export async function startStepGate(): Promise<StepGate> {
  const reached = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const waiting = new Set<ServerResponse>();
  let isOpen = false;
  const server = createServer((_, response) => {
    reached.resolve();
    waiting.add(response);
    response.on("close", () => {
      waiting.delete(response);
      if (waiting.size === 0) left.resolve();
    });
    if (isOpen) response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    wait: `wget -q -O /dev/null http://127.0.0.1:${port}/`,
    reached: reached.promise,
    left: left.promise,
    open() {
      isOpen = true;
      for (const response of waiting) response.end();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
