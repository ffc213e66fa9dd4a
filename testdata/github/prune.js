// Makes openapi.json, schema.graphql, webhooks.schema.json and payloads/ of what
// GitHub publishes:
//
//   npm install @octokit/openapi@23.0.2 @octokit/graphql-schema@15.26.1 graphql@16 \
//     @octokit/webhooks-schemas@7.6.1 @octokit/webhooks-examples@7.6.1 && node prune.js
//
// The descriptions keep only what andon asks for: of REST the parameters and
// bodies of the paths below, of GraphQL the types, fields and arguments of the
// queries, of webhooks the events of the payloads. The payloads are as published.
const fs = require("fs"), path = require("path");
const description = require("@octokit/openapi/generated/api.github.com.json");

const used = {
  "/repos/{owner}/{repo}/actions/runs": ["get"],
  "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts": ["get"],
  "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}": ["get"],
  "/repos/{owner}/{repo}/issues": ["post"],
  "/repos/{owner}/{repo}/issues/{issue_number}": ["patch"],
  "/repos/{owner}/{repo}/issues/{issue_number}/comments": ["post"],
  "/repos/{owner}/{repo}/issues/comments/{comment_id}": ["patch", "delete"],
  "/repos/{owner}/{repo}/check-runs": ["post"],
  "/repos/{owner}/{repo}/check-runs/{check_run_id}": ["patch"],
  "/repos/{owner}/{repo}/commits/{ref}/check-runs": ["get"],
  "/repos/{owner}/{repo}/commits/{ref}": ["get"],
  "/repos/{owner}/{repo}/commits/{commit_sha}/pulls": ["get"],
  "/repos/{owner}/{repo}/activity": ["get"],
  "/repos/{owner}/{repo}/compare/{basehead}": ["get"],
  "/repos/{owner}/{repo}/collaborators/{username}/permission": ["get"],
  "/repos/{owner}/{repo}/pulls": ["get"],
  "/repos/{owner}/{repo}/installation": ["get"],
  "/app/installations/{installation_id}/access_tokens": ["post"],
  "/repos/{owner}/{repo}/actions/artifacts": ["get"],
  "/repos/{owner}/{repo}/actions/runs/{run_id}": ["get"],
  "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}": ["get"],
  "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs": ["get"],
  "/repos/{owner}/{repo}/tarball/{ref}": ["get"],
  "/repos/{owner}/{repo}/git/trees": ["post"],
  "/repos/{owner}/{repo}/git/commits": ["post"],
  "/repos/{owner}/{repo}/git/refs": ["post"],
  "/orgs/{org}/installation": ["get"],
  "/installation/repositories": ["get"],
};
const texts = ["description", "summary", "operationId", "example", "examples", "externalDocs", "x-github", "tags"];

const at = (ref) => ref.slice(2).split("/").reduce((o, k) => o[k.replace(/~1/g, "/").replace(/~0/g, "~")], description);

// slim leaves texts out, but not properties that are named like them.
function slim(v, names) {
  if (Array.isArray(v)) return v.map((x) => slim(x));
  if (!v || typeof v !== "object") return v;
  const keep = Object.entries(v).filter(([k]) => names || !texts.includes(k));
  return Object.fromEntries(keep.map(([k, x]) => [k, slim(x, k === "properties" && !names)]));
}

function openapi() {
  const out = {
    openapi: description.openapi,
    info: { title: "The paths of GitHub's REST API that andon uses, without responses and texts", version: description.info.version, license: description.info.license },
    servers: description.servers,
    paths: {},
  };
  for (const [p, methods] of Object.entries(used)) {
    out.paths[p] = {};
    for (const m of methods) {
      const { parameters, requestBody } = description.paths[p][m];
      out.paths[p][m] = { ...slim({ parameters, requestBody }), responses: { 200: { description: "" } } };
    }
  }
  const todo = [out.paths], seen = new Set();
  while (todo.length) {
    const v = todo.pop();
    if (!v || typeof v !== "object") continue;
    todo.push(...Object.values(v));
    if (typeof v.$ref !== "string" || seen.has(v.$ref)) continue;
    seen.add(v.$ref);
    const parts = v.$ref.slice(2).split("/");
    const parent = parts.slice(0, -1).reduce((o, k) => (o[k] ??= {}), out);
    todo.push((parent[parts.at(-1)] = slim(at(v.$ref))));
  }
  return JSON.stringify(out, null, 1) + "\n";
}

function graphql() {
  const g = require("graphql");
  const modules = path.dirname(path.dirname(require.resolve("graphql/package.json")));
  const sdl = fs.readFileSync(path.join(modules, "@octokit/graphql-schema/schema.graphql"), "utf8");
  const schema = g.buildSchema(sdl, { assumeValidSDL: true });
  const folder = path.join(__dirname, "../../internal/github");
  const query = g.parse(fs.readdirSync(folder).filter((n) => n.endsWith(".graphql")).map((n) => fs.readFileSync(path.join(folder, n), "utf8")).join("\n"));
  const errors = g.validate(schema, query);
  if (errors.length) throw errors;
  const fields = new Map(), inputs = new Set(), bases = new Set(["Query"]);
  const info = new g.TypeInfo(schema);
  const keep = (type, field) => fields.set(type, (fields.get(type) ?? new Set()).add(field));
  g.visit(query, g.visitWithTypeInfo(info, {
    NamedType(node) { bases.add(node.name.value); },
    Field() {
      const parent = info.getParentType(), def = info.getFieldDef();
      bases.add(parent.name);
      bases.add(g.getNamedType(def.type).name);
      if (!def.name.startsWith("__")) keep(parent.name, def.name);
      def.args.forEach((a) => inputs.add(g.getNamedType(a.type)));
    },
  }));
  const print = (type) => {
    if (g.isScalarType(type)) return ["String", "Int", "Float", "Boolean", "ID"].includes(type.name) ? "" : `scalar ${type.name}\n`;
    if (g.isEnumType(type)) return `enum ${type.name} {\n${type.getValues().map((v) => "  " + v.name).join("\n")}\n}\n`;
    if (g.isUnionType(type)) return `union ${type.name} = ${type.getTypes().filter((t) => bases.has(t.name)).map((t) => t.name).join(" | ")}\n`;
    if (g.isInputObjectType(type)) {
      const all = Object.values(type.getFields());
      all.forEach((f) => bases.add(g.getNamedType(f.type).name));
      return `input ${type.name} {\n${all.map((f) => `  ${f.name}: ${f.type}`).join("\n")}\n}\n`;
    }
    // A type has the fields of its interfaces, too.
    const own = type.getInterfaces().filter((i) => bases.has(i.name));
    const names = new Set([...(fields.get(type.name) ?? []), ...own.flatMap((i) => [...(fields.get(i.name) ?? [])])]);
    const lines = [...names].sort().map((n) => {
      const f = type.getFields()[n];
      const args = f.args.map((a) => `${a.name}: ${a.type}`).join(", ");
      return `  ${n}${args && `(${args})`}: ${f.type}`;
    });
    const kind = g.isInterfaceType(type) ? "interface" : "type";
    return `${kind} ${type.name}${own.length ? " implements " + own.map((i) => i.name).join(" & ") : ""} {\n${lines.join("\n")}\n}\n`;
  };
  inputs.forEach((t) => bases.add(t.name));
  // An interface of which only fragments are used needs a field all the same.
  for (const n of bases) {
    const type = schema.getType(n);
    if (g.isInterfaceType(type) && !fields.has(n)) keep(n, Object.values(type.getFields()).find((f) => String(f.type) === "ID!" || String(f.type) === "String!").name);
  }
  // What implements a used interface makes fragments on it possible.
  const actors = schema.getPossibleTypes(schema.getType("Actor")).map((t) => t.name);
  actors.forEach((n) => bases.add(n));
  const done = new Set();
  let out = "# The types, fields and arguments of GitHub's GraphQL schema that andon uses.\n\n";
  for (let more = true; more; ) {
    more = false;
    for (const n of [...bases].sort()) {
      if (done.has(n)) continue;
      done.add(n);
      more = true;
      const text = print(schema.getType(n));
      if (text) out += text + "\n";
    }
  }
  return out.trimEnd() + "\n";
}

// Which of the examples of an event is taken.
const payloads = {
  "issue_comment.created": 3,
  "pull_request.closed": 3,
  "pull_request.labeled": 8,
  "pull_request.reopened": 18,
  "pull_request.synchronize": 22,
  "pull_request.unlabeled": 25,
  "pull_request_review.dismissed": 1,
  "pull_request_review.submitted": 2,
  "pull_request_review_comment.created": 1,
  "pull_request_review_thread.resolved": 1,
  "push": 4,
};

function webhooks() {
  const { definitions } = require("@octokit/webhooks-schemas/schema.json");
  const slim = (v, names) => {
    if (Array.isArray(v)) return v.map((x) => slim(x));
    if (!v || typeof v !== "object") return v;
    // The validator of the tests takes templates such as {/sha} for wrong ones.
    const keep = Object.entries(v).filter(([k, x]) => names || !(k === "description" || k === "title" || x === "uri-template"));
    return Object.fromEntries(keep.map(([k, x]) => [k, slim(x, k === "properties" && !names)]));
  };
  const out = {};
  const todo = Object.keys(payloads).map((n) => (n === "push" ? "push$event" : n.replace(".", "$")));
  while (todo.length) {
    const name = todo.pop();
    if (out[name]) continue;
    out[name] = slim(definitions[name]);
    for (const [, ref] of JSON.stringify(out[name]).matchAll(/"#\/definitions\/([^"]+)"/g)) todo.push(ref);
  }
  const sorted = Object.fromEntries(Object.keys(out).sort().map((n) => [n, out[n]]));
  return JSON.stringify({ $schema: "http://json-schema.org/draft-07/schema#", definitions: sorted }, null, 1) + "\n";
}

for (const [name, n] of Object.entries(payloads)) {
  const { examples } = require("@octokit/webhooks-examples").find((e) => e.name === name.split(".")[0]);
  fs.writeFileSync(path.join(__dirname, "payloads", name + ".json"), JSON.stringify(examples[n], null, 2) + "\n");
}
fs.writeFileSync(path.join(__dirname, "webhooks.schema.json"), webhooks());
fs.writeFileSync(path.join(__dirname, "openapi.json"), openapi());
fs.writeFileSync(path.join(__dirname, "schema.graphql"), graphql());
