import { KubeletStandIn } from "./kubelet.js";

/**
 * The stand-in as a process of its own, on a node where nothing else is: `main.js DIRECTORY`. It prints what would be
 * allocatable, a line of JSON at each change: `{"openshift.io/fast":4}`.
 */
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: main.js DIRECTORY");
const kubelet = new KubeletStandIn(directory);
let printed = "";
const print = (): void => {
  const line = JSON.stringify(kubelet.allocatable());
  if (line !== printed) process.stdout.write(`${line}\n`);
  printed = line;
};
kubelet.onChange(print);
void kubelet.start().then(print);
