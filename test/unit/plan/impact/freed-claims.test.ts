import { expect } from "chai";
import { isClaimedOnly, withoutFreed } from "../../../../plan/impact/freed-claims.js";
import { planVfCount, usedVfs } from "../../../../plan/vf-count.js";

describe("VFs whose claims are gone", () => {
  const CLAIM = "node1-0000:04:10.0";

  function users(usedBy: string, freed: readonly string[]): readonly string[] {
    const plan = planVfCount({ numVfs: 1, virtualFunctions: [{ address: "0000:04:10.0", usedBy }] }, 0);
    const left = withoutFreed(plan, new Set(freed));
    expect(left.destroyed).to.have.length(1);
    return usedVfs(left).map((vf) => vf.usedBy);
  }

  it("are in use no more", () => {
    expect(users(`claim ${CLAIM}`, [CLAIM])).to.deep.equal([]);
    expect(users(`claim ${CLAIM} of alice`, [CLAIM])).to.deep.equal([]);
  });

  it("are in use while another claim stands, or somebody else has them", () => {
    for (const user of [`claim ${CLAIM}1`, `pod web/claim`, `claim ${CLAIM} of alice, pod web/router-0`])
      expect(users(user, [CLAIM])).to.deep.equal([user]);
  });

  it("are in use as before where no claim goes", () => {
    expect(users(`claim ${CLAIM}`, [])).to.deep.equal([`claim ${CLAIM}`]);
  });

  it("are told from VFs that somebody else has, too", () => {
    expect(isClaimedOnly(`claim ${CLAIM} of alice`)).to.equal(true);
    expect(isClaimedOnly(`claim ${CLAIM} of alice, pod web/router-0`)).to.equal(false);
  });
});
