# Sourced by the other scripts, from the repository's root: npm packages as the lock file says, and $NODE (the packaged one, or the system's from 24).
# A stamp beside the packages makes a repeat free.
set -eu

if ! cmp -s package-lock.json node_modules/.archway-lock 2>/dev/null; then
  echo "Installing npm packages (npm ci)" >&2
  npm ci --ignore-scripts --no-fund --no-audit --loglevel=error >&2
  cp package-lock.json node_modules/.archway-lock
fi

NODE=$(sh bin/archway --print-node)
export NODE
