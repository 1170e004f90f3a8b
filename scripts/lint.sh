# npm run lint: rules, formatting, direction of imports, unused code, published schemas, errors and rules. All are run, whatever the first ones say.
. scripts/setup.sh
# The tools are programs for `node`: they get the project's own.
PATH=$(dirname "$NODE"):$PATH
failed=0
node_modules/.bin/oxlint --deny-warnings || failed=1
node_modules/.bin/oxfmt --check || failed=1
"$NODE" scripts/doors.ts || failed=1
node_modules/.bin/knip || failed=1
"$NODE" scripts/schemas.ts --check || failed=1
"$NODE" scripts/errors-page.ts --check || failed=1
"$NODE" scripts/rules-page.ts --check || failed=1
"$NODE" scripts/check-rules-pages.ts --check || failed=1
exit $failed
