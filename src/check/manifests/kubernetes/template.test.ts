import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { textOf, unknownMark } from "../../value.ts";
import { scalarAt } from "../yaml/node.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { templateValue, withoutActions } from "./template.ts";

test("makes actions unknown and keeps every place", () => {
  const text = 'image: "{{ .Values.image.repository }}:{{ .Values.tag | default "v1" }}-amd64"\n';
  const marked = withoutActions(text);
  assert.equal(marked.length, text.length);
  const scalar = scalarAt(parseYaml("a.yaml", marked).documents[0], "image");
  assert.ok(scalar);
  assert.equal(textOf(templateValue(scalar)), `${unknownMark}:${unknownMark}-amd64`);
});

test("takes lines that hold nothing but actions away", () => {
  const text = [
    "spec:",
    "  {{- if .Values.pinned }}",
    "  nodeSelector:",
    "    kubernetes.io/arch: amd64",
    "  {{- end }}",
    "  config: |",
    "    {{- if .Values.a }}",
    "    arch: amd64",
    "    {{- end }}",
    "  image: app:1 {{/* the image */}}",
  ].join("\n");
  const { documents, problems } = parseYaml("a.yaml", withoutActions(text));
  assert.deepEqual(problems, []);
  assert.equal(scalarAt(documents[0], "spec", "nodeSelector", "kubernetes.io/arch")?.place.line, 4);
});

test("leaves texts without actions, and actions that are not closed, as they are", () => {
  assert.equal(withoutActions("a: {b: c}\n"), "a: {b: c}\n");
  assert.equal(withoutActions("a: {{ .Values.b\n"), "a: {{ .Values.b\n");
});

test("keeps the length and the lines of every text", () => {
  const part = fc.constantFrom("{{", "}}", "{%", "%}", "{#", "#}", '"', "`", "- ", "a: b", "\n", " ", "|", "x");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const text = parts.join("");
      const marked = withoutActions(text);
      assert.equal(marked.length, text.length);
      assert.equal(marked.split("\n").length, text.split("\n").length);
    }),
  );
});

test("ends quickly on many openings", () => {
  const start = process.cpuUsage();
  withoutActions("{{ ".repeat(200_000));
  withoutActions('{{ "'.repeat(50_000));
  assert.ok(process.cpuUsage(start).user < 2_000_000);
});
