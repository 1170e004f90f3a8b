/** True for files that tests, examples and documentation bring: what stands in them is run by nobody, or by machines that are chosen for it. */
export function isTestOrDocumentation(path: string): boolean {
  return /(?:^|\/)(?:tests?|testdata|test-data|test-fixtures|fixtures?|e2e|testing|examples?|__tests__|golden|docs?|documentation\/examples|site|website|book)(?:\/|$)|_test\.|\.golden\.|(?:^|\/)readme/i.test(
    path,
  );
}
