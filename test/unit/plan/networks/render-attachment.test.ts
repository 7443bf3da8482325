import { expect } from "chai";
import type { SriovNetworkSpec } from "../../../../api/sriov-network.js";
import { ownerRef, renderAttachment } from "../../../../plan/networks/render-attachment.js";

const TARGET = { namespace: "testnamespace", resourceName: "testresource", resourcePrefix: "openshift.io" };
const NETWORK = { metadata: { name: "test", namespace: "ns", uid: "0b1c" }, spec: {} };

function rendered(spec: SriovNetworkSpec, target = TARGET) {
  const result = renderAttachment({ ...NETWORK, spec }, target);
  if (result.kind === "invalid") throw new Error(JSON.stringify(result.problems));
  return result.attachment;
}

/** The configuration as text, without what every one has at its beginning. */
function config(spec: SriovNetworkSpec): string {
  const text = rendered(spec).spec?.config ?? "";
  const head = '{"cniVersion":"1.0.0","name":"test",';
  expect(text.slice(0, head.length)).to.equal(head);
  return text.slice(head.length, -1);
}

describe("the attachment of a network", () => {
  it("is of Multus's kind, has the network's name, and says what pods are to ask for and whose it is", () => {
    expect(rendered({})).to.deep.equal({
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: {
        name: "test",
        namespace: "testnamespace",
        annotations: {
          "k8s.v1.cni.cncf.io/resourceName": "openshift.io/testresource",
          "sriovnetwork.openshift.io/owner-ref": "SriovNetwork.sriovnetwork.openshift.io/ns/test",
        },
      },
      spec: { config: '{"cniVersion":"1.0.0","name":"test","type":"sriov","vlan":0,"vlanQoS":0,"ipam":{}}' },
    });
  });

  it("in the network's own namespace goes with the network", () => {
    expect(rendered({}, { ...TARGET, namespace: "ns" }).metadata.ownerReferences).to.deep.equal([
      { apiVersion: "sriovnetwork.openshift.io/v1", kind: "SriovNetwork", name: "test", uid: "0b1c" },
    ]);
  });

  it("is told from what cannot be rendered", () => {
    expect(renderAttachment(NETWORK, TARGET).kind).to.equal("rendered");
  });

  it("has no owner reference while the network has no uid", () => {
    const result = renderAttachment(
      { metadata: { name: "test", namespace: "ns" }, spec: {} },
      { ...TARGET, namespace: "ns" },
    );
    expect(result.kind === "rendered" && result.attachment.metadata).to.not.have.property("ownerReferences");
  });

  it("has the prefix that is set", () => {
    const { annotations } = rendered({}, { ...TARGET, resourcePrefix: "example.org" }).metadata;
    expect(annotations?.["k8s.v1.cni.cncf.io/resourceName"]).to.equal("example.org/testresource");
  });

  const fields: readonly (readonly [SriovNetworkSpec, string])[] = [
    [{ vlan: 100 }, '"type":"sriov","vlan":100,"vlanQoS":0,"ipam":{}'],
    [{ vlan: 100, vlanQoS: 5 }, '"type":"sriov","vlan":100,"vlanQoS":5,"ipam":{}'],
    [{ vlan: 1, vlanProto: "802.1ad" }, '"type":"sriov","vlan":1,"vlanQoS":0,"vlanProto":"802.1ad","ipam":{}'],
    [{ spoofChk: "off" }, '"type":"sriov","vlan":0,"spoofchk":"off","vlanQoS":0,"ipam":{}'],
    [{ trust: "on" }, '"type":"sriov","vlan":0,"trust":"on","vlanQoS":0,"ipam":{}'],
    [{ linkState: "disable" }, '"type":"sriov","vlan":0,"vlanQoS":0,"link_state":"disable","ipam":{}'],
    [
      { minTxRate: 0, maxTxRate: 1000 },
      '"type":"sriov","vlan":0,"vlanQoS":0,"min_tx_rate":0,"max_tx_rate":1000,"ipam":{}',
    ],
    [
      { capabilities: '{ "mac": true, "ips": false }' },
      '"type":"sriov","vlan":0,"vlanQoS":0,"capabilities":{"mac":true,"ips":false},"ipam":{}',
    ],
    [
      { ipam: '{ "type": "static", "note": "for the back office" }' },
      '"type":"sriov","vlan":0,"vlanQoS":0,"ipam":{"type":"static","note":"for the back office"}',
    ],
    [{ logLevel: "debug" }, '"type":"sriov","vlan":0,"vlanQoS":0,"logLevel":"debug","ipam":{}'],
    [{ logFile: "/var/log/x" }, '"type":"sriov","vlan":0,"vlanQoS":0,"logFile":"/var/log/x","ipam":{}'],
    [
      { ipam: '{ "type": "host-local",\n "subnet": "10.0.0.0/8" }' },
      '"type":"sriov","vlan":0,"vlanQoS":0,"ipam":{"type":"host-local","subnet":"10.0.0.0/8"}',
    ],
    [
      { ipam: "", capabilities: "", metaPlugins: "", logLevel: "", logFile: "" },
      '"type":"sriov","vlan":0,"vlanQoS":0,"ipam":{}',
    ],
    [
      {
        ipam: "{}",
        capabilities: "{}",
        vlan: 7,
        vlanQoS: 2,
        vlanProto: "802.1Q",
        spoofChk: "on",
        trust: "off",
        linkState: "auto",
        minTxRate: 10,
        maxTxRate: 20,
        logLevel: "info",
        logFile: "/x",
      },
      '"type":"sriov","vlan":7,"spoofchk":"on","trust":"off","vlanQoS":2,"vlanProto":"802.1Q","min_tx_rate":10,' +
        '"max_tx_rate":20,"capabilities":{},"link_state":"auto","logLevel":"info","logFile":"/x","ipam":{}',
    ],
    [
      { metaPlugins: '\n  {\n "type": "vrf",\n "vrfname": "blue"\n }\n' },
      '"plugins":[{"type":"sriov","vlan":0,"vlanQoS":0,"ipam":{}},{"type":"vrf","vrfname":"blue"}]',
    ],
    [
      { spoofChk: "off", metaPlugins: '{"type":"tuning"},{"type":"vrf"}' },
      '"plugins":[{"type":"sriov","vlan":0,"spoofchk":"off","vlanQoS":0,"ipam":{}},{"type":"tuning"},{"type":"vrf"}]',
    ],
  ];
  for (const [spec, text] of fields) {
    it(`says ${text}`, () => expect(config(spec)).to.equal(text));
  }

  it("has numbers as they were written, however large or exact", () => {
    const numbers = '{"n":12345678901234567890,"far":1e400,"zero":-0,"one":1.0}';
    expect(config({ ipam: numbers })).to.include(`"ipam":${numbers}`);
    const plugin = `{"type":"tuning",${numbers.slice(1)}`;
    expect(config({ metaPlugins: plugin })).to.include(`,${plugin}]`);
  });

  it("is not made of a number in place of an object, however large", () => {
    for (const property of ["ipam", "capabilities", "metaPlugins"]) {
      const reason = `${property} must be a JSON object, not 1e400`;
      const spec = { [property]: "1e400" };
      expect(renderAttachment({ ...NETWORK, spec }, TARGET)).to.deep.equal({
        kind: "invalid",
        problems: [{ property, reason }],
      });
    }
  });

  it("is not made of JSON that is none; each property is told with the position", () => {
    const spec = { ipam: "{", capabilities: '{"mac": 1}', metaPlugins: "{}," };
    expect(renderAttachment({ ...NETWORK, spec }, TARGET)).to.deep.equal({
      kind: "invalid",
      problems: [
        {
          property: "ipam",
          reason:
            "ipam is not JSON: at line 1, column 2 the text ends where a property name in double quotes should be",
        },
        { property: "capabilities", reason: 'capabilities must have true or false for each capability; "mac" is 1' },
        {
          property: "metaPlugins",
          reason: "metaPlugins is not JSON: at line 1, column 4 the text ends where a value should be",
        },
      ],
    });
  });
});

describe("the owner that an attachment names", () => {
  it("is kind, group, namespace and name", () => {
    expect(ownerRef(NETWORK)).to.equal("SriovNetwork.sriovnetwork.openshift.io/ns/test");
  });

  it("has no namespace where the object has none", () => {
    expect(ownerRef({ metadata: { name: "test" }, spec: {} })).to.equal("SriovNetwork.sriovnetwork.openshift.io//test");
  });
});
