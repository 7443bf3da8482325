import { expect } from "chai";
import { Answers } from "../../../../reconciler/agent/advertise/answers.js";
import type { PoolDevice } from "../../../../reconciler/agent/advertise/pools.js";
import { LogLines } from "../../service/log-lines.js";

const ADDRESS = "0000:04:10.0";

describe("what a kubelet is answered that gives a container a device", () => {
  const missing = `without its device node: there is no /dev/vfio/12`;

  async function give(device: Partial<PoolDevice>, nodes: readonly string[]): Promise<LogLines> {
    const lines = new LogLines();
    const given = { address: ADDRESS, needVhostNet: false, excludeTopology: false, ...device };
    const answers = new Answers(() => new Map([[ADDRESS, given]]), {
      kernel: { hasVfioGroup: (group) => Promise.resolve(nodes.includes(group)) },
      files: { write: () => Promise.resolve() },
      log: lines.log,
      metrics: { allocated: () => undefined },
    });
    const { containers } = await answers.of("openshift.io/pool").allocate({ containers: [{ ids: [ADDRESS] }] });
    expect(containers).to.have.length(1);
    return lines;
  }

  const vfio = { iommuGroup: "12", permissions: "mrw" };

  it("is given all the same where the group's device node is missing, which is logged", async () => {
    expect((await give({ vfio }, [])).count(missing)).to.equal(1);
  });

  it("is no word of it where it is there", async () => {
    expect((await give({ vfio }, ["12"])).count("without its device node")).to.equal(0);
  });

  it("is no word of it for a device with an interface, which needs none", async () => {
    expect((await give({}, [])).count("without its device node")).to.equal(0);
  });
});
