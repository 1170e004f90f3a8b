/** The part of a job that says what it waits for. */
interface Needing {
  readonly needs: readonly string[];
}

/** Names of all jobs that must end before a job starts, also those that its needs need. */
export function withAllNeeds(name: string, jobs: Readonly<Record<string, Needing>>): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (current: string): void => {
    for (const need of jobs[current]?.needs ?? []) {
      if (found.has(need)) continue;
      found.add(need);
      visit(need);
    }
  };
  visit(name);
  return found;
}

/** Jobs that wait for each other, in the order of waiting; the first of the file. */
export function findCycle(jobs: Readonly<Record<string, Needing>>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): readonly string[] | undefined => {
    const start = way.indexOf(name);
    if (start >= 0) return way.slice(start);
    if (done.has(name)) return undefined;
    for (const need of jobs[name]?.needs ?? []) {
      const cycle = visit(need, [...way, name]);
      if (cycle !== undefined) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of Object.keys(jobs)) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
