import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatCsv, parseAttributes, parseCsv } from "./parse-csv.ts";

test("fields with commas and quotes are quoted, as docker buildx reads them", () => {
  assert.deepEqual(parseCsv("-o", 'type=image,"name=a,b"'), ["type=image", "name=a,b"]);
  assert.deepEqual(parseCsv("-o", '"a ""b"" c",d'), ['a "b" c', "d"]);
  assert.deepEqual(parseCsv("-o", ""), [""]);
  assert.deepEqual(parseCsv("-o", "a,"), ["a", ""]);
});

test("whatever fields are written are read back", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (fields) => {
      assert.deepEqual(parseCsv("-o", formatCsv(fields)), fields);
    }),
  );
});

test("quotes that are open or out of place are errors", () => {
  for (const text of ['a,"b', '"a"b,c', 'a,b"c"']) {
    assert.throws(() => parseCsv("-o", text), { code: "OPTION_INVALID", kind: "input" }, text);
  }
});

test("attributes: keys in lower case, once, known, with a value", () => {
  assert.deepEqual(
    [...parseAttributes("-o", "TYPE=oci,dest=a=b", ["type", "dest"])],
    [
      ["type", "oci"],
      ["dest", "a=b"],
    ],
  );
  assert.throws(() => parseAttributes("-o", "type=oci,type=tar"), /type is given twice/);
  assert.throws(() => parseAttributes("-o", "type"), /"type" must be KEY=VALUE/);
  assert.throws(() => parseAttributes("-o", "dst=x", ["type", "dest"]), { hint: 'Did you mean "dest"?' });
  assert.throws(() => parseAttributes("-o", "zzzz=x", ["type", "dest"]), { hint: "Known keys: type or dest." });
});
