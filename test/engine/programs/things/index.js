"use strict";
/** Declares what the configuration value `resources` lists, so that a test states its program as data. */
const pulumi = require("@pulumi/pulumi");
const provider = require("thing-provider/provider.js");

class Thing extends pulumi.dynamic.Resource {
  constructor(name, args, opts) {
    super(provider, name, { generation: undefined, ...args }, opts, "test", "Thing");
  }
}

class Group extends pulumi.ComponentResource {
  constructor(name, opts) {
    super("test:index:Group", name, {}, opts);
  }
}

const config = new pulumi.Config();
const made = {};

const ofStack = config.getObject("stackTransform");
if (ofStack) pulumi.runtime.registerResourceTransform(transformBy(ofStack));

for (const resource of config.requireObject("resources")) {
  const { name, component, get, args = {}, opts = {}, parent, dependsOn = [], deletedWith, transform } = resource;
  const options = {
    ...opts,
    ...(transform && { transforms: [transformBy(transform)] }),
    ...(parent && { parent: made[parent] }),
    ...(deletedWith && { deletedWith: made[deletedWith] }),
    dependsOn: dependsOn.map((other) => made[other]),
  };
  if (component) made[name] = new Group(name, options);
  else made[name] = new Thing(name, valuesOf(args), get ? { ...options, id: valueOf(get) } : options);
}

for (const line of config.getObject("print") ?? []) console.log(line);
if (config.getBoolean("warn")) pulumi.log.warn("mind the gap", Object.values(made)[0]);
if (config.getBoolean("throw")) throw new Error("the program gave up");

for (const [key, reference] of Object.entries(config.getObject("outputs") ?? {})) exports[key] = valueOf(reference);

/** Of things only: `args` go over theirs, `opts` over their options. */
function transformBy({ args = {}, opts = {} }) {
  return (it) => (it.custom ? { props: { ...it.props, ...args }, opts: { ...it.opts, ...opts } } : undefined);
}

function valuesOf(args) {
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [key, valueOf(value)]));
}

/** `{ref: "a.generation"}` is an output of another resource, `{secret: x}` a secret, `{config: "x"}` a secret setting. */
function valueOf(value) {
  if (value && value.ref) {
    const [name, property] = value.ref.split(".");
    return made[name][property];
  }
  if (value && value.config) return config.requireSecret(value.config);
  return value && value.secret !== undefined ? pulumi.secret(value.secret) : value;
}
