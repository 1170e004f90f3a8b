# npm run soak [-- N]: repeats the random and the killing tests N times as often as npm test does (default 20).
. scripts/setup.sh
"$NODE" test/bed/main.ts --prepare || echo "Something is missing: the tests that need it say so." >&2
ARCHWAY_SOAK=${1:-20} exec "$NODE" scripts/test.ts --soak
