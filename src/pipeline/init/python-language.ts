import type { RecognizedLanguage, RepositoryFiles } from "./repository-files.ts";
import { firstVersion } from "./version-text.ts";

/** Python by its project files; tests run with pytest where a file speaks of it, else with unittest. */
export function recognizePython(files: RepositoryFiles): RecognizedLanguage | undefined {
  const marks = ["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt"];
  const file = marks.find((name) => files.names.includes(name));
  if (file === undefined) return undefined;
  const project = files.read("pyproject.toml") ?? "";
  const required = /^requires-python\s*=\s*["']([^"']*)/m.exec(project)?.[1];
  const inSetup = /python_requires\s*=\s*["']?([^"'\n]*)/.exec(
    `${files.read("setup.py") ?? ""}${files.read("setup.cfg") ?? ""}`,
  );
  const version = firstVersion(files.read(".python-version") ?? required ?? inSetup?.[1], 2);
  const has = (name: string) => files.names.includes(name);
  const lists = files.names.filter((name) => /^requirements[\w.-]*\.txt$/.test(name));
  const isPackage = has("setup.py") || has("setup.cfg") || /^\[(?:project|tool\.poetry)\]/m.test(project);
  const about = [project, ...lists, "setup.cfg", "tox.ini"].map((name) => files.read(name) ?? name).join("\n");
  const usesPytest = about.includes("pytest") || has("pytest.ini") || has("conftest.py");
  const install = [
    ...lists.map((name) => `pip install --requirement ${name}`),
    ...(isPackage ? ["pip install ."] : []),
    ...(usesPytest ? ["pip install pytest"] : []),
  ];
  return {
    id: "python",
    title: `Python ${version ?? "(no version written)"}`,
    file,
    image: `python:${version ?? "3"}`,
    // One script: what pip installs lives outside of the workspace, which is all that steps share.
    steps: [[...install, usesPytest ? "python -m pytest" : unittest(files)].join("\n")],
    ...(lists[0] === undefined ? {} : { cache: { path: "/root/.cache/pip", name: "pip", lock: lists[0] } }),
    ...(usesPytest ? {} : { doubt: "nothing speaks of pytest, so the tests run with unittest" }),
  };
}

/** A folder of tests that is no package is only looked into when it is named. */
function unittest({ names }: RepositoryFiles): string {
  const folder = ["tests", "test"].find(
    (one) => names.some((name) => name.startsWith(`${one}/test`)) && !names.includes(`${one}/__init__.py`),
  );
  return `python -m unittest discover${folder === undefined ? "" : ` --start-directory ${folder}`}`;
}
