/** The part of a job that says what it waits for. */
interface Needing {
  readonly needs: readonly string[];
}

type Jobs = Readonly<Record<string, Needing>>;

/** What each job waits for, also by what its needs need. */
export interface AllNeeds {
  /** Names of all jobs that must end before a job starts, in the order of the file. */
  of(job: string): readonly string[];
  has(job: string, need: string): boolean;
}

/** All that the jobs wait for. Of jobs in a cycle it is not everything. */
export function allNeeds(jobs: Jobs): AllNeeds {
  const names = Object.keys(jobs);
  const numbers = new Map(names.map((name, index) => [name, index]));
  // One bit for each job: a list for each would be as long as all jobs, and joined as often as there are needs.
  const bits = new Map<string, Uint32Array>();
  const words = Math.ceil(names.length / 32);
  walk(names, jobs, {
    leave: (job) => {
      const own = new Uint32Array(words);
      for (const need of needsOf(job, jobs)) {
        const number = numbers.get(need);
        if (number === undefined) continue;
        const inherited = bits.get(need);
        for (let word = 0; word < words; word++) own[word] = (own[word] ?? 0) | (inherited?.[word] ?? 0);
        own[number >> 5] = (own[number >> 5] ?? 0) | (1 << (number & 31));
      }
      bits.set(job, own);
    },
  });
  const isSet = (own: Uint32Array | undefined, number: number | undefined) =>
    number !== undefined && (((own?.[number >> 5] ?? 0) >> (number & 31)) & 1) === 1;
  return {
    of: (job) => names.filter((_, number) => isSet(bits.get(job), number)),
    has: (job, need) => isSet(bits.get(job), numbers.get(need)),
  };
}

/** Names of all jobs, each after those that it needs, else in the order of the file. */
export function inOrderOfNeeds(jobs: Jobs): readonly string[] {
  const depths = new Map<string, number>();
  const names = Object.keys(jobs);
  walk(names, jobs, {
    leave: (job) => {
      let depth = 0;
      for (const need of needsOf(job, jobs)) depth = Math.max(depth, (depths.get(need) ?? 0) + 1);
      depths.set(job, depth);
    },
  });
  return names.toSorted((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0));
}

/** Jobs that wait for each other, in the order of waiting; the first of the file. */
export function findCycle(jobs: Jobs): readonly string[] | undefined {
  let cycle: readonly string[] | undefined;
  walk(Object.keys(jobs), jobs, { meet: (way) => (cycle = way) });
  return cycle;
}

interface Visitor {
  /** After all that a job needs. */
  readonly leave?: (job: string) => unknown;
  /** Jobs that wait for each other; ends the walk. */
  readonly meet?: (way: readonly string[]) => unknown;
}

/** Goes to all jobs, and to each once, after those that it needs. The way is kept here and not on the stack, so that chains may be as long as they like. */
function walk(names: readonly string[], jobs: Jobs, { leave, meet }: Visitor): void {
  const done = new Set<string>();
  for (const first of names) {
    if (done.has(first)) continue;
    const way = [{ job: first, needs: needsOf(first, jobs).values() }];
    const onWay = new Set([first]);
    for (let here = way.at(-1); here !== undefined; here = way.at(-1)) {
      const next = here.needs.next();
      if (next.done === true) {
        way.pop();
        onWay.delete(here.job);
        done.add(here.job);
        leave?.(here.job);
      } else if (onWay.has(next.value)) {
        if (meet === undefined) continue;
        const jobsOnWay = [...onWay];
        meet(jobsOnWay.slice(jobsOnWay.indexOf(next.value)));
        return;
      } else if (!done.has(next.value)) {
        way.push({ job: next.value, needs: needsOf(next.value, jobs).values() });
        onWay.add(next.value);
      }
    }
  }
}

function needsOf(job: string, jobs: Jobs): readonly string[] {
  return Object.hasOwn(jobs, job) ? (jobs[job]?.needs ?? []) : [];
}
