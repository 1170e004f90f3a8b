import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brief, findingsIn } from "../../test-check.ts";

async function found(dockerfile: string): Promise<string[]> {
  const own = (await findingsIn({ Dockerfile: dockerfile })).filter(({ rule }) => rule === "cross-runs-target-binary");
  return brief(own);
}

const onBuilder = "FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH\n";
const end = "FROM debian\nCOPY --from=build /out /out\n";

describe("programs that are executed on the wrong machine", () => {
  test("compiled for the target in a stage on the build platform", async () => {
    assert.deepEqual(
      await found(`${onBuilder}RUN GOARCH=$TARGETARCH go build -o /out/tool . && /out/tool version\n${end}`),
      ["cross-runs-target-binary Dockerfile:3"],
    );
    assert.deepEqual(
      await found(`${onBuilder}RUN GOARCH=$TARGETARCH go build -o /out/tool .\nRUN /out/tool completion\n${end}`),
      ["cross-runs-target-binary Dockerfile:4 +3"],
    );
  });

  test("copied from a stage of the target platform", async () => {
    assert.deepEqual(
      await found(
        `FROM golang AS tools\nRUN go build -o /gen ./gen\n${onBuilder}COPY --from=tools /gen /usr/local/bin/\nRUN gen all\n${end}`,
      ),
      ["cross-runs-target-binary Dockerfile:6 +5"],
    );
  });

  test("programs of the machine raise nothing", async () => {
    assert.deepEqual(await found(`${onBuilder}RUN go build -o /gen ./gen && /gen all\n${end}`), []);
    assert.deepEqual(
      await found(
        "FROM golang AS build\nRUN go build -o /out/tool . && /out/tool version\nFROM debian\nCOPY --from=build /out /out\nRUN /out/tool version\n",
      ),
      [],
    );
    assert.deepEqual(
      await found(
        `${onBuilder}RUN GOARCH=$TARGETARCH go build -o /out/tool . && cp /out/tool /tool && file /out/tool\n${end}`,
      ),
      [],
    );
  });
});
