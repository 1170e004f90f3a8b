/**
 * The candidate that a person most likely meant by a mistyped word, for the hint of an error; `undefined` when none is close:
 * at most one edit in words up to four letters, two up to eight, else three. Capitals do not count as edits.
 * An edit is an inserted, deleted, replaced or transposed letter (optimal string alignment distance). Among equally near ones, a candidate of the
 * same letters is meant (`amr64` is arm64, not amd64): fingers swap letters more often than they miss them.
 */
export function nearestName(word: string, candidates: Iterable<string>): string | undefined {
  const typed = word.toLowerCase();
  const limit = typed.length <= 4 ? 1 : typed.length <= 8 ? 2 : 3;
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const distance = editDistance(typed, candidate.toLowerCase(), limit);
    const swapped = distance === bestDistance && best !== undefined && !sameLetters(typed, best);
    if (distance < bestDistance || (swapped && sameLetters(typed, candidate))) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function sameLetters(a: string, b: string): boolean {
  const sorted = (word: string) => word.toLowerCase().split("").toSorted().join("");
  return a.length === b.length && sorted(a) === sorted(b);
}

/** Edits between two words, or `limit + 1` when their lengths alone differ by more than the limit. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let edits = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, (beforePrevious[j - 2] ?? 0) + 1);
      }
      row.push(edits);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
