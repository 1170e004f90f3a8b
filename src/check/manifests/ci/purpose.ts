const testWords =
  /(?:^|[^a-z])(?:tests?|testing|e2e|lint|check|smoke|verify|validate|dev|devel|develop|development|local|debug|scan|benchmark|bench|pr|pull[-_ ]requests?|sandbox|playground|example|demo|fuzz)(?:$|[^a-z])/i;

/** Whether names (of a file, a job, a step, a service) say that what is built there is for tests or development, not for a release. */
export function isForTests(...names: readonly (string | undefined)[]): boolean {
  return names.some((name) => name !== undefined && testWords.test(name.replaceAll(/([a-z])([A-Z])/g, "$1-$2")));
}
