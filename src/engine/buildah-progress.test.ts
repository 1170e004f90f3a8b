import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePlatform } from "../platform/platform.ts";
import { createBuildahReader } from "./buildah-progress.ts";
import type { BaseUse, EngineEvent } from "./engine.ts";

const image = "127.0.0.1:5000/library/alpine@sha256:aa";
const bases: BaseUse[] = [
  { start: 0, end: 0, manifest: `${image}1`, platform: parsePlatform("linux/amd64") },
  { start: 0, end: 0, manifest: `${image}2`, platform: parsePlatform("linux/arm64") },
];

function read(stdout: string, stderr = "", failed = false) {
  const events: EngineEvent[] = [];
  const reader = createBuildahReader({
    target: parsePlatform("linux/arm64"),
    bases,
    onEvent: (event) => events.push(event),
    now: () => 1,
  });
  reader.stdout(Buffer.from(stdout));
  reader.stderr(Buffer.from(stderr));
  const end = reader.end(failed);
  const steps = events.flatMap((event) => (event.type === "step" ? [`${event.state} ${event.name}`] : []));
  return { events, steps, end, reader };
}

describe("the output of Buildah", () => {
  // Buildah 1.28.2, with the ids shortened to what it prints of them: the last stage waits for the second one's file.
  const interleaved = `[1/3] STEP 1/2: FROM ${image}1 AS a
[1/3] STEP 2/2: RUN echo 1
1
--> b060d82b95a
[3/3] STEP 1/2: FROM ${image}2
[3/3] STEP 2/2: COPY --from=b /etc/arch /z
[2/3] STEP 1/2: FROM b060d82b95af65649a9c999bcf94ca11b6485d2770273f260122861c9707cc46 AS b
[2/3] STEP 2/2: RUN echo 2
2
--> 538cf46ea2d
[3/3] COMMIT
--> 213db25127a
[Warning] one or more build args were not consumed: [TARGETARCH TARGETOS TARGETPLATFORM]
213db25127a266f3023858babba844c3076ec77795a211ca41be042413c71170
`;

  it("is read though stages take turns, and a stage has the platform of the stage that it begins from", () => {
    const { steps, reader, events } = read(interleaved);
    assert.deepEqual(steps, [
      `started [linux/amd64->arm64 a 1/2] FROM ${image}1 AS a`,
      `done [linux/amd64->arm64 a 1/2] FROM ${image}1 AS a`,
      "started [linux/amd64->arm64 a 2/2] RUN echo 1",
      "done [linux/amd64->arm64 a 2/2] RUN echo 1",
      `started [linux/arm64 stage-2 1/2] FROM ${image}2`,
      `done [linux/arm64 stage-2 1/2] FROM ${image}2`,
      "started [linux/arm64 stage-2 2/2] COPY --from=b /etc/arch /z",
      "started [linux/amd64->arm64 b 1/2] FROM b060d82b95af65649a9c999bcf94ca11b6485d2770273f260122861c9707cc46 AS b",
      "done [linux/amd64->arm64 b 1/2] FROM b060d82b95af65649a9c999bcf94ca11b6485d2770273f260122861c9707cc46 AS b",
      "started [linux/amd64->arm64 b 2/2] RUN echo 2",
      "done [linux/amd64->arm64 b 2/2] RUN echo 2",
      "done [linux/arm64 stage-2 2/2] COPY --from=b /etc/arch /z",
    ]);
    assert.equal(reader.imageId(), "213db25127a266f3023858babba844c3076ec77795a211ca41be042413c71170");
    const logs = events.flatMap((event) => (event.type === "log" ? [[event.step, event.text]] : []));
    assert.deepEqual(logs, [
      ["1/2", "1\n"],
      ["2/2", "2\n"],
    ]);
  });

  it("blames the step that the error names, not the one that waits", () => {
    const cut = interleaved.slice(0, interleaved.indexOf("--> 538cf46ea2d"));
    const { end } = read(
      cut,
      'oops\nError: building at STEP "RUN echo 2": while running runtime: exit status 3\n',
      true,
    );
    assert.deepEqual(
      end.failed.map(({ name, log }) => ({ name, log })),
      [{ name: "[linux/amd64->arm64 b 2/2] RUN echo 2", log: "2\noops\n" }],
    );
  });

  it("tells a cached step", () => {
    const id = "0d93f08a63c9adcc1c38de393bd2b53a4d8336ff696efb23841c302b33016158";
    const { steps } = read(
      `STEP 1/2: FROM ${image}2\nSTEP 2/2: RUN x\n--> Using cache ${id}\n--> ${id.slice(0, 12)}\n${id}\n`,
    );
    assert.deepEqual(steps.at(-1), "cached [linux/arm64 2/2] RUN x");
  });

  it("without an id at its end is an error", () => {
    assert.throws(() => read("STEP 1/1: FROM x\n").reader.imageId(), { code: "ENGINE_FAILED" });
  });
});
