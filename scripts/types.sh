# npm run types: the strict type-check.
. scripts/setup.sh
PATH=$(dirname "$NODE"):$PATH
exec node_modules/.bin/tsc --noEmit
