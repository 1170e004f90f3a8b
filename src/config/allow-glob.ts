/**
 * Matches the globs of files that may be exceptions: they hold some character of a name. Globs of stars, question marks, dots and slashes alone
 * stand for the whole image, which is never excepted.
 */
export const namingGlob = /[^*?/.]/;

/** What is wrong with a glob that does not, in words that follow the name of the option or key. */
export const namelessGlob = "covers the whole image: name the files or folders that are meant";
