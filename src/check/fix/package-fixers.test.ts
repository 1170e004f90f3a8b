import assert from "node:assert/strict";
import { test } from "node:test";
import { fixIn } from "./test-fix.ts";

const pom = `<project>
  <dependencies>
    <dependency>
      <groupId>org.example</groupId>
      <artifactId>native-epoll</artifactId>
      <version>4.1.0</version>
      <classifier>linux-x86_64</classifier>
    </dependency>
  </dependencies>
</project>
`;

test("the dependency gets a sibling for the other platform", async () => {
  const fixed = await fixIn({ "pom.xml": pom });
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, [
    "+    <dependency>",
    "+      <groupId>org.example</groupId>",
    "+      <artifactId>native-epoll</artifactId>",
    "+      <version>4.1.0</version>",
    "+      <classifier>linux-aarch_64</classifier>",
    "+    </dependency>",
  ]);
  assert.deepEqual(fixed.after.findings, []);
});

test("nothing is added that is known not to exist", async () => {
  const fixed = await fixIn(
    { "pom.xml": pom },
    { facts: { packages: { "maven:org.example:native-epoll@4.1.0": null } } },
  );
  assert.equal(fixed.diff, "");
  assert.match(fixed.refusals.join("\n"), /known to have nothing with the classifier linux-aarch_64/);
});
