#!/usr/bin/env bash
# Runs the steps of the Dockerfile without a container engine: install without dev packages, tsc, and its commands (CMD,
# HEALTHCHECK) from a read-only folder, as another user if possible. The node of this script stands in for the image's.
# `--install FOLDER` does only the first step; `FOLDER` does the others with that installation. An existing dist/ is used.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
node=$(command -v node)

install() {
  mkdir -p "$1"
  cp package.json package-lock.json "$1/"
  (cd "$1" && npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error)
}
if [ "${1:-}" = --install ]; then
  install "$2"
  exit
fi

work=$(mktemp -d)
pid=
clean() {
  local code=$?
  if [ "$code" -ne 0 ] && [ -f "$work/data/err" ]; then cat "$work/data/err"; fi
  if [ -n "$pid" ]; then kill -KILL "$pid" 2>/dev/null || true; fi
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap clean EXIT

mkdir "$work/data"
if [ -n "${1:-}" ]; then cp -a "$1" "$work/app"; else install "$work/app"; fi
if [ ! -d dist ]; then tsc -p tsconfig.build.json; fi
cp -r dist bin "$work/app/"
mkdir "$work/bin"
ln -s "$work/app/bin/pushgate.mjs" "$work/bin/pushgate"
"$node" scripts/sbom.ts --without-optional "$work/app/sbom.cdx.json"
# The bill of materials must name exactly the installed packages.
"$node" -e '
  const [{ components }, { packages }] = process.argv.slice(1).map((file) => JSON.parse(require("fs").readFileSync(file, "utf8")));
  const named = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const installed = new Set(Object.entries(packages).map(([folder, { version }]) => `${folder.replace(/^.*node_modules\//, "")}@${version}`));
  const differing = [...named.symmetricDifference(installed)];
  if (differing.length > 0) throw new Error(`the bill of materials differs from what is installed: ${differing}`);
' "$work/app/sbom.cdx.json" "$work/app/node_modules/.package-lock.json"
port=$("$node" -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
sed -e "s/127\.0\.0\.1:8080/127.0.0.1:$port/g" -e "s#\.\./data/#$work/data/#g" config/default.json > "$work/app/config.json"

as=()
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chown -R 65534:65534 "$work"
  if ! "${as[@]}" "$node" -e 0 2>/dev/null; then as=(); chown -R "$(id -u)" "$work"; fi
fi
run=("${as[@]}" env NODE_ENV=production NODE_COMPILE_CACHE="$work/app/.compiled" PUSHGATE_CONFIG="$work/app/config.json" PATH="$work/bin:$PATH")
# The words of a Dockerfile instruction, one per line.
words() { sed -n "s/^$1\\( --[^ ]*\\)*\\( CMD\\)\\{0,1\\} \\[\\(.*\\)\\]$/\\3/p" Dockerfile | tr ',' '\n' | sed 's/^ *"\(.*\)"$/\1/'; }
mapfile -t serve < <(words CMD)
mapfile -t health < <(words HEALTHCHECK)
in_image() { (cd "$work/data" && "${run[@]}" "$@"); }
in_image pushgate demo > "$work/data/demo"
if [ "${#as[@]}" -gt 0 ]; then chown -R 0:0 "$work/app/.compiled"; fi
chmod -R a-w "$work/app"
before=$(cd "$work/app" && find . -type f -not -path './node_modules/*' -exec sha256sum {} + | sort | sha256sum)

if in_image "${health[@]}" 2> "$work/data/health"; then echo 'healthy before it was started' >&2; exit 1; fi
(cd "$work/data" && exec "${run[@]}" "${serve[@]}") > "$work/data/out" 2> "$work/data/err" &
pid=$!
for _ in $(seq 1 100); do
  if in_image "${health[@]}" 2> "$work/data/health"; then break; fi
  if ! kill -0 "$pid" 2>/dev/null; then break; fi
  sleep 0.2
done
in_image "${health[@]}" --ready
in_image pushgate doctor
in_image node -e 'if (!require("module").getCompileCacheDir()) throw new Error("what was compiled is of no use")'
kill -TERM "$pid"
wait "$pid"
pid=
after=$(cd "$work/app" && find . -type f -not -path './node_modules/*' -exec sha256sum {} + | sort | sha256sum)
[ "$before" = "$after" ]
echo "the image's commands ran from a read-only folder${as[0]:+ as another user}: healthy and ready, and stopped when it was asked to"
