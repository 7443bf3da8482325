import { expect } from "chai";
import { allocation } from "../../../../reconciler/agent/advertise/allocation.js";
import type { PoolDevice } from "../../../../reconciler/agent/advertise/pools.js";

const plain = (address: string): PoolDevice => ({ address, needVhostNet: false, excludeTopology: false });
const node = (path: string, permissions: string) => ({ containerPath: path, hostPath: path, permissions });
const guest = (address: string, iommuGroup: string, permissions = "rw"): PoolDevice => ({
  ...plain(address),
  vfio: { iommuGroup, permissions },
});

/** The answers of sriov-network-device-plugin and of KubeVirt to the same requests, by what their sources make of them. */
describe("what a container is given", () => {
  it("of VFs with a network driver is their addresses, in the order that was asked for", () => {
    const { envs, devices } = allocation("openshift.io/fast-net", [plain("0000:04:10.2"), plain("0000:04:10.0")]);
    expect(devices).to.deep.equal([]);
    expect(envs).to.deep.equal({
      "PCIDEVICE_OPENSHIFT_IO_FAST-NET": "0000:04:10.2,0000:04:10.0",
      "PCIDEVICE_OPENSHIFT_IO_FAST-NET_INFO":
        '{"0000:04:10.2":{"generic":{"deviceID":"0000:04:10.2"}},"0000:04:10.0":{"generic":{"deviceID":"0000:04:10.0"}}}',
    });
  });

  it("of VFs for guests is their groups' device nodes too, and what KubeVirt looks for", () => {
    const { envs, devices } = allocation("intel.com/a.b_VF", [
      guest("0000:04:10.0", "40"),
      guest("0000:04:10.2", "41"),
    ]);
    expect(devices).to.deep.equal(["/dev/vfio/vfio", "/dev/vfio/40", "/dev/vfio/41"].map((path) => node(path, "rw")));
    expect(envs).to.deep.equal({
      PCIDEVICE_INTEL_COM_A_B_VF: "0000:04:10.0,0000:04:10.2",
      PCIDEVICE_INTEL_COM_A_B_VF_INFO: JSON.stringify({
        "0000:04:10.0": {
          generic: { deviceID: "0000:04:10.0" },
          vfio: { "dev-mount": "/dev/vfio/40", mount: "/dev/vfio/vfio" },
        },
        "0000:04:10.2": {
          generic: { deviceID: "0000:04:10.2" },
          vfio: { "dev-mount": "/dev/vfio/41", mount: "/dev/vfio/vfio" },
        },
      }),
      PCI_RESOURCE_INTEL_COM_A_B_VF: "0000:04:10.0,0000:04:10.2",
    });
  });

  it("of claimed functions may be made in the container too", () => {
    const { devices } = allocation("intel.com/VF", [guest("0000:04:10.0", "40", "mrw")]);
    expect(devices).to.deep.equal([node("/dev/vfio/vfio", "mrw"), node("/dev/vfio/40", "mrw")]);
  });

  it("of two functions of one group has that group's device node once", () => {
    const { devices } = allocation("intel.com/VF", [guest("0000:04:10.0", "40"), guest("0000:04:10.2", "40")]);
    expect(devices.map(({ hostPath }) => hostPath)).to.deep.equal(["/dev/vfio/vfio", "/dev/vfio/40"]);
  });

  it("of VFs that need vhost-net is its device nodes too", () => {
    const { envs, devices } = allocation("openshift.io/v", [{ ...plain("0000:04:10.0"), needVhostNet: true }]);
    expect(devices).to.deep.equal([node("/dev/vhost-net", "rw"), node("/dev/net/tun", "rw")]);
    expect(JSON.parse(envs["PCIDEVICE_OPENSHIFT_IO_V_INFO"] ?? "")).to.deep.equal({
      "0000:04:10.0": {
        generic: { deviceID: "0000:04:10.0" },
        vhost: { "net-mount": "/dev/vhost-net", "tun-mount": "/dev/net/tun" },
      },
    });
  });
});
