/**
 * Keys that people know from GitHub Actions, GitLab, Woodpecker, Drone and Concourse, and what says the same here. They are asked for before a near spelling: `script` is
 * no mistyped `secrets`.
 */

type Hints = Readonly<Record<string, string>>;

/** At jobs and at steps. */
const everywhere: Hints = {
  script: 'Scripts are steps: steps: ["go test ./..."].',
  commands: 'Scripts are steps: steps: ["go test ./..."].',
  before_script: "What comes before is a step of its own, the first in steps.",
  after_script: "What comes after is the last of steps: { run: SCRIPT, when: always }.",
  uses: "There are no actions: a step runs a script in an image, or the program of an image with args.",
  with: "There are no actions: give a program args, and env for its variables.",
  plugin: "A plugin is an image: { image: IMAGE, args: [ARGUMENT] }, with env for its settings.",
  settings: "What a plugin wants to know are variables: env: { PLUGIN_NAME: VALUE }.",
  environment: "Variables are env: { NAME: VALUE }.",
  variables: "Variables are env: { NAME: VALUE }.",
  params: "Variables are env: { NAME: VALUE }.",
  if: 'Conditions stand in when: { branch: main }, or when: { if: "${{ … }}" }.',
  only: "Conditions stand in when: { branch: main, event: push }.",
  except: 'What is left out begins with "!": when: { branch: ["!dev"] }.',
  rules: "Conditions stand in when: { branch: main, event: push, path: src/** }.",
  branches: "Conditions stand in when: { branch: main }.",
  allow_failure: "It is may_fail: true.",
  continue_on_error: "It is may_fail: true.",
  ignore_errors: "It is may_fail: true.",
  failure: "It is may_fail: true.",
  try: "It is may_fail: true.",
  timeout_minutes: "It is timeout, with a unit: timeout: 20m.",
  attempts: "It is retry: 2.",
  working_directory: "It is directory, at a step.",
  working_dir: "It is directory, at a step.",
  privileged: "Containers get no more rights than the engine gives all of them. Images are built by a job with build.",
  volumes: "Containers see no files of the machine: keep files with cache, hand them on with artifacts and inputs.",
  detach: "What runs beside the steps is one of services.",
  pull: "Images are looked up before every run, and pinned by digest.",
  depends_on: "It is needs: [JOB].",
  container: "It is image: IMAGE.",
  task: "A job's name is its key: jobs: { test: { … } }.",
};

const ofJob: Hints = {
  ...everywhere,
  runs_on: "What a job runs on is said by platforms: [linux/amd64], and what it runs in by image: IMAGE.",
  tags: "What a job runs on is said by platforms: [linux/amd64]. Tags of an image belong into its build.",
  labels: "What a job runs on is said by platforms: [linux/amd64].",
  platform: "It is platforms: a list, or all.",
  stage: "There are no stages: a job starts when those that it needs have ended: needs: [JOB].",
  dependencies: "It is needs: [JOB]; their files come with inputs: { FOLDER: JOB.ARTIFACT }.",
  passed: "It is needs: [JOB].",
  strategy: 'The matrix stands at the job itself: matrix: { go: ["1.25", "1.26"] }.',
  parallel: 'A job becomes several by matrix: { part: ["1", "2"] } and platforms.',
  across: 'A job becomes several by matrix: { part: ["1", "2"] } and platforms.',
  run: "It belongs into steps: steps: [SCRIPT].",
  args: "It belongs into steps: steps: [{ args: [ARGUMENT] }].",
  plan: "It is steps.",
  name: "A job's name is its key: jobs: { test: { … } }.",
  outputs: "Jobs hand on files, by artifacts and inputs; of a build there is ${{ jobs.NAME.digest }}.",
  permissions: "Jobs have no rights but those of the secrets and registries that they name.",
  interruptible: "It is concurrency: { group: NAME, cancel: true }.",
  resource_group: "It is concurrency: NAME.",
  serial: "It is concurrency: NAME.",
  extends: "extends stands at the top, and names files whose keys are taken over.",
  failure_handlers: "It is on_failure.",
  ensure: "It is a step with when: always.",
  caches: "It is cache: [{ path: PATH, key: KEY }].",
  accept: "It is approval.",
  deploy: "A job that asks first has needs: the job with approval.",
  dockerfile: "It belongs into build: { file: Dockerfile }.",
  push: "It belongs into build: { push: true }.",
};

const ofStep: Hints = {
  ...everywhere,
  echo: 'In YAML ": " makes a mapping: put the script in quotes, or behind run: |.',
  id: "Steps have a name.",
  shell: 'A script runs under sh -e. Another shell is a program: args: [bash, -c, "…"].',
  cache: "Caches belong to the job.",
  artifacts: "Artifacts belong to the job.",
  services: "Services belong to the job.",
  platforms: "Platforms belong to the job.",
  needs: "Steps run one after the other; needs belongs to the job.",
  depends_on: "Steps run one after the other; what runs at the same time are jobs.",
};

const ofPipeline: Hints = {
  stages: "There are no stages: a job starts when those that it needs have ended: needs: [JOB].",
  steps: "Steps belong to a job: jobs: { test: { image: IMAGE, steps: [SCRIPT] } }.",
  pipeline: "Steps belong to a job: jobs: { test: { image: IMAGE, steps: [SCRIPT] } }.",
  variables: "Variables are env: { NAME: VALUE }.",
  environment: "Variables are env: { NAME: VALUE }.",
  image: "The image is said at each job: jobs: { test: { image: IMAGE } }.",
  services: "Services belong to a job.",
  matrix: "A matrix belongs to a job.",
  cache: "Caches belong to a job.",
  secrets: "Secrets are named at the jobs and steps that use them.",
  when: "What starts the pipeline is said by on, and what a job waits for by its when.",
  trigger: "What starts the pipeline is said by on.",
  triggers: "What starts the pipeline is said by on.",
  workflow: "What starts the pipeline is said by on.",
  include: "It is extends: [FILE].",
  default: "What several jobs share is written with a YAML anchor, or in a file for extends.",
  defaults: "What several jobs share is written with a YAML anchor, or in a file for extends.",
  name: "A pipeline has no name of its own.",
  permissions: "Jobs have no rights but those of the secrets and registries that they name.",
  labels: "What a job runs on is said by its platforms.",
  platform: "It is platforms: [linux/amd64].",
  depends_on: "One file has all jobs: they wait for each other by needs.",
  before_script: "What comes before is the first of a job's steps.",
  after_script: "What comes after is the last of a job's steps: { run: SCRIPT, when: always }.",
  globals: "Import it: archway import iceci.",
  failureHandlers: "It is on_failure. To turn a whole file of IceCI into this format: archway import iceci.",
};

const ofCondition: Hints = {
  manual: "A job that waits for a person has approval: {}; others need it.",
  on_success: "It is success.",
  on_failure: "It is failure.",
  ref: "It is branch, or tag.",
  refs: "It is branch, or tag.",
  paths: "It is path.",
  changes: "It is path: [GLOB].",
  branches: "It is branch.",
  evaluate: 'It is if: "${{ … }}".',
  platform: "What a job runs on is said by its platforms, and what differs there by overrides.",
};

const ofArtifact: Hints = {
  expire_in: "It is expires: 7d.",
  retention_days: "It is expires: 7d.",
  path: "It is paths.",
  name: "The name is its key: artifacts: { report: { paths: [GLOB] } }.",
  reports: "The name is its key: artifacts: { report: { paths: [GLOB] } }.",
};

/** Rooms of the file, the first that fits a path. */
const rooms: readonly (readonly [RegExp, Hints])[] = [
  [/^$/, ofPipeline],
  [/^jobs\/[^/]+$/, ofJob],
  [/^jobs\/[^/]+\/steps\/\d+$/, ofStep],
  [/\/when$/, ofCondition],
  [/\/when\/event(\/\d+)?$/, { merge_request: "It is pull_request.", cron: "It is schedule.", release: "It is tag." }],
  [/\/artifacts\/[^/]+$/, ofArtifact],
  [/\/on_failure\/\d+$|^on_failure\/\d+$/, everywhere],
  [/\/services\/[^/]+$/, everywhere],
  [
    /^on\/(push|pull_request)$/,
    { tags: "Tags are an event of their own: on: { tag: [GLOB] }.", branch: "It is branches." },
  ],
  [
    /^on(\/\d+)?$/,
    {
      workflow_dispatch: "It is manual.",
      merge_request: "It is pull_request.",
      cron: "It is schedule.",
      release: "It is tag.",
    },
  ],
  [
    /\/cache\/\d+$/,
    { paths: "It is path; each path has a cache of its own.", policy: "It is save.", restore_keys: "It is restore." },
  ],
  [/\/retry$/, { max: "It is attempts, which counts the first run too.", when: "It is on." }],
  [/\/concurrency$|^concurrency$/, { cancel_in_progress: "It is cancel." }],
  [
    /\/build$/,
    {
      dockerfile: "It is file.",
      build_args: "It is args.",
      cache: "It is cache_from and cache_to.",
      platform: "It is platforms.",
    },
  ],
];

/** What says the same here as a key of another system, or a word in the place of one of ours; undefined for one that is not known. */
export function foreignHint(path: readonly PropertyKey[], key: string): string | undefined {
  const place = path.map(String).join("/");
  if (/^jobs\/[^/]+\/steps\/\d+$/.test(place) && /[\s"']/.test(key)) return ofStep["echo"];
  const name = key.replaceAll("-", "_");
  const hints = rooms.find(([fits]) => fits.test(place))?.[1];
  return hints !== undefined && Object.hasOwn(hints, name) ? hints[name] : undefined;
}
