# npm test: everything, from a fresh clone: installs and builds what is missing and says so, then lint, type-check, and every test once.
. scripts/setup.sh

echo "== What the tests need" >&2
"$NODE" test/bed/main.ts --prepare
echo "== Lint" >&2
sh scripts/lint.sh
echo "== Types" >&2
sh scripts/types.sh
echo "== Tests" >&2
exec "$NODE" scripts/test.ts "$@"
