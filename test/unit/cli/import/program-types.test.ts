import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import ts from "typescript";
import type { Importable, KindName, Properties } from "../../../../cli/import/kinds.js";
import { programText } from "../../../../cli/import/program.js";

/** All that the released kinds have, with the words that only their schemas know. */
const RESOURCES: readonly Importable[] = [
  importable("policy", "storage", {
    ...{ policyName: "storage", namespace: "nets", resourceName: "storage", nodeSelector: { "example.com/a": "b" } },
    nicSelector: {
      ...{ vendor: "8086", deviceId: "10c9", rootDevices: ["0000:04:00.0"] },
      ...{ pfNames: ["eno49#0-3"], netFilter: "openstack/NetworkID:1" },
    },
    ...{ numVfs: 4, priority: 10, mtu: 1500, deviceType: "vfio-pci", isRdma: false, needVhostNet: true },
    ...{ linkType: "ETH", eSwitchMode: "legacy", vdpaType: "virtio", excludeTopology: true },
    ...{ externallyManaged: true, bridge: { ovs: {} }, maxUnavailable: "10%" },
  }),
  importable(
    "network",
    "vlan5",
    {
      ...{ networkName: "vlan5", namespace: "nets", policy: {}, networkNamespace: "apps", ipam: '{"type":"dhcp"}' },
      ...{ vlan: 5, vlanQoS: 3, vlanProto: "802.1AD", spoofChk: "on", trust: "off", linkState: "auto" },
      ...{ minTxRate: 0, maxTxRate: 10, capabilities: '{"mac":true}', metaPlugins: '{"type":"vrf"}' },
      ...{ logLevel: "", logFile: "/var/log/sriov.log" },
    },
    { policy: "storage" },
  ),
  importable("device", "node1-eno49", { nodeName: "node1", interfaceName: "eno49", numVfs: 2 }),
  importable("device", "node1-0000-05", { nodeName: "node1", address: "0000:05:00.0", numVfs: 2 }),
  importable(
    "claim",
    "node1-000004100",
    { pciDevice: "node1-000004100", userName: "alice", disableResourcePooling: true, resourceName: "example.com/vf" },
    { device: "node1-eno49" },
  ),
];

function importable(kind: KindName, name: string, args: Properties, more: Partial<Importable> = {}): Importable {
  return { kind, id: name, name, args, inputs: args, outputs: args, ...more };
}

describe("the program that import writes, to the compiler", () => {
  it("has the types that the package asks for", function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), "pulumi-sriov-types-"));
    try {
      const file = join(folder, "index.ts");
      writeFileSync(file, programText(RESOURCES));
      expect(problemsOf(file)).to.deep.equal([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function problemsOf(file: string): readonly string[] {
  const root = resolve(__dirname, "../../../../..");
  const program = ts.createProgram([file], {
    ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: true, types: [] },
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext },
    paths: { "pulumi-sriov": [join(root, "dist/sdk/index.d.ts")] },
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}
