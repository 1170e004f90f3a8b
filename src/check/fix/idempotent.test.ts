import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fixIn } from "./test-fix.ts";

const line = fc.constantFrom(
  "RUN curl -fsSLo /t https://example.org/t-linux-amd64",
  "RUN curl -fsSLo /u https://example.org/u-x86_64 \\\n    && chmod +x /u",
  "run echo ${TARGETARCH} > /a",
  "ARG TARGETARCH",
  "ARG TARGETARCH=amd64 OTHER=1",
  "COPY bin/app-amd64 /app",
  "COPY --from=base /out/app-amd64 /app",
  "RUN <<EOF\ncurl -fsSLo /v https://example.org/v-amd64\nEOF",
  "ENV GOARCH=amd64",
  "RUN case $(uname -m) in x86_64) a=amd64 ;; *) exit 1 ;; esac; echo $a > /b",
);

test("fixes made twice change nothing the second time, and what they leave can be read", async () => {
  const stage = fc.array(line, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(stage, stage, fc.constantFrom("\n", "\r\n"), async (first, second, lineEnd) => {
      const text = ["FROM golang:1.22 AS base", ...first, "FROM debian:12", ...second, ""].join("\n");
      const Dockerfile = text.replaceAll("\n", lineEnd);
      const once = await fixIn({ Dockerfile });
      assert.deepEqual(once.after.model.unreadable, once.before.model.unreadable);
      const twice = await fixIn({ Dockerfile: once.texts.get("Dockerfile") ?? Dockerfile });
      // A fix that was refused may be possible when others are made; what was made is never made again.
      if (once.refusals.length === 0) assert.equal(twice.diff, "");
    }),
    { numRuns: 25 },
  );
});
