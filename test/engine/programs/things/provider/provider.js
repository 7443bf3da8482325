"use strict";
/**
 * A dynamic provider that is a CommonJS module. Its cloud is the folder THING_CLOUD, one file a thing; `calls.jsonl` there
 * tells what was asked of it. How it misbehaves stands in the inputs (`behave`).
 */
const fs = require("node:fs");
const path = require("node:path");

const cloud = () => process.env.THING_CLOUD;
const file = (id) => path.join(cloud(), `${id}.json`);
const write = (id, value) => fs.writeFileSync(file(id), JSON.stringify(value));

function note(call, details) {
  fs.appendFileSync(path.join(cloud(), "calls.jsonl"), `${JSON.stringify({ call, ...details })}\n`);
}

function withoutProvider({ __provider, ...rest }) {
  return rest;
}

/** Waits until the test lets it go on, by making the file `go`. */
async function wait() {
  while (!fs.existsSync(path.join(cloud(), "go"))) await new Promise((resolve) => setTimeout(resolve, 20));
}

function freeId(name) {
  let number = 1;
  while (fs.existsSync(file(`${name}-${number}`))) number++;
  return `${name}-${number}`;
}

let configured;

module.exports = {
  configure({ config }) {
    configured = config;
    return Promise.resolve();
  },
  async check(olds, news) {
    note("check", { name: news.name, olds: withoutProvider(olds), news: withoutProvider(news) });
    const failures = news.value === "bad" || news.value?.bad ? [{ property: "value", reason: "must not be bad" }] : [];
    if (news.value === "hopeless") failures.push({ property: "", reason: "nothing fits" });
    return { inputs: { ...news, label: news.label ?? "default" }, failures };
  },
  async diff(id, olds, news) {
    note("diff", { id, olds: withoutProvider(olds), news: withoutProvider(news) });
    const replaces = olds.name !== news.name ? ["name"] : [];
    if (news.diff === "unknown") return { changes: undefined };
    if (news.diff === "none") return { changes: false };
    const changes = replaces.length > 0 || olds.value !== news.value || olds.secret !== news.secret;
    return { changes, replaces, deleteBeforeReplace: news.deleteFirst === true };
  },
  async create(inputs) {
    note("create", { name: inputs.name, inputs: withoutProvider(inputs), pid: process.pid });
    if (inputs.behave === "wait") await wait();
    if (inputs.behave === "fail") throw new Error("the cloud said no");
    const id = freeId(inputs.name);
    const outs = { ...withoutProvider(inputs), generation: 1, region: configured.get("region") ?? "nowhere" };
    write(id, outs);
    if (inputs.behave === "half") {
      const properties = { ...outs, __provider: inputs.__provider };
      throw Object.assign(new Error("half done"), { id, properties, reasons: ["not ready", "not healthy"] });
    }
    note("created", { id });
    return { id, outs };
  },
  async read(id, props) {
    note("read", { id });
    if (!fs.existsSync(file(id))) return {};
    return { id, props: { ...props, ...JSON.parse(fs.readFileSync(file(id), "utf8")) } };
  },
  async update(id, olds, news) {
    note("update", { id, olds: withoutProvider(olds), news: withoutProvider(news) });
    if (news.behave === "fail") throw new Error("the cloud said no");
    const outs = { ...withoutProvider(news), generation: (olds.generation ?? 0) + 1 };
    write(id, outs);
    if (news.behave === "half") {
      throw Object.assign(new Error("half done"), {
        id,
        properties: { ...outs, __provider: news.__provider },
        reasons: ["not ready"],
      });
    }
    return { outs };
  },
  async delete(id, props) {
    note("delete", { id });
    if (props.behave === "keep" && !fs.existsSync(path.join(cloud(), "go"))) throw new Error("the cloud keeps it");
    fs.rmSync(file(id), { force: true });
  },
};
