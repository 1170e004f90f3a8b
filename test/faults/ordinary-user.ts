/** Somebody who is not root: `nobody` of most distributions. */
const ordinaryUser = 65_534;

/**
 * Does something with the rights of an ordinary user, so that permissions count where tests are run by root too. It is for the whole process:
 * nothing else may go on meanwhile, and the folders on the way have to be open to others.
 */
export async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(ordinaryUser);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
