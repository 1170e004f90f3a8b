# Sourced by the other scripts, from the repository's root: npm packages as the lock file says, and $NODE (the packaged one, or the system's from 24).
# A stamp beside the packages makes a repeat free.
set -eu

# Whether npm has put just the packages of the lock file there, by hand for example: npm's own record of them says the same, and they are there.
installed() {
  node -e '
    const { existsSync, readFileSync } = require("node:fs");
    const read = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
    const wanted = Object.entries(read("package-lock.json")).filter(([path]) => path !== "");
    const found = read("node_modules/.package-lock.json");
    const fits = ([path, { version, integrity, optional }]) =>
      found[path] === undefined
        ? optional === true
        : found[path].version === version && found[path].integrity === integrity && existsSync(`${path}/package.json`);
    process.exit(wanted.every(fits) ? 0 : 1);
  ' 2>/dev/null
}

if ! cmp -s package-lock.json node_modules/.archway-lock 2>/dev/null && installed; then
  cp package-lock.json node_modules/.archway-lock
elif ! cmp -s package-lock.json node_modules/.archway-lock 2>/dev/null; then
  echo "Installing npm packages (npm ci)" >&2
  npm ci --ignore-scripts --no-fund --no-audit --loglevel=error >&2
  cp package-lock.json node_modules/.archway-lock
fi

NODE=$(sh bin/archway --print-node)
export NODE
