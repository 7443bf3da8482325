"use strict";
const k8s = require("@pulumi/kubernetes");
const pulumi = require("@pulumi/pulumi");

const config = new pulumi.Config();
const provider = new k8s.Provider("cluster", { kubeconfig: config.requireSecret("kubeconfig") });
const opts = { provider };

const namespace = new k8s.core.v1.Namespace("lab", {}, opts);
const settings = new k8s.core.v1.ConfigMap(
  "settings",
  { metadata: { namespace: namespace.metadata.name, name: "settings" }, data: { count: config.get("count") ?? "1" } },
  opts,
);
new k8s.core.v1.Secret(
  "token",
  { metadata: { namespace: namespace.metadata.name }, stringData: { token: "s3cret" } },
  opts,
);

exports.namespace = namespace.metadata.name;
exports.count = settings.data.apply((data) => data.count);
exports.uid = settings.metadata.uid;
