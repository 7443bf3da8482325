import { expect } from "chai";
import { impactMarkdown } from "../../../cli/impact/markdown.js";
import type { ImpactRow } from "../../../cli/impact/report.js";
import { impact, NIC } from "./previews.js";

describe("the Markdown of an impact report", () => {
  const row = (more: Partial<ImpactRow> = {}): ImpactRow => {
    const { kind: _, ...told } = impact();
    return { urn: NIC, type: "SriovNetworkDevice", name: "storage", ...told, ...more };
  };
  const free: Partial<ImpactRow> = { inUse: [], outcome: "none" };
  const lines = (...rows: ImpactRow[]): string[] => impactMarkdown({ rows, untold: [] }).split("\n");

  it("is a heading, a summary and a table", () => {
    expect(impactMarkdown({ rows: [row()], untold: [] })).to.equal(
      [
        "### SR-IOV impact",
        "",
        "**In use, and would be lost: 1.** VFs destroyed: 4, created: 6. What is marked as refused is not carried out.",
        "",
        "| Resource | Node | Change | VFs destroyed | VFs created | In use by | Outcome |",
        "| --- | --- | --- | ---: | ---: | --- | --- |",
        "| `SriovNetworkDevice storage`<br>`node1-eno49` | `node1` | `4 → 6 VFs` | 4 | 6 | `0000:04:10.2 (eno49v1)`: `pod web/router-0` | **refused** |",
        "",
      ].join("\n"),
    );
  });

  it("is one sentence where nothing of this package changes", () => {
    expect(lines()).to.deep.equal(["### SR-IOV impact", "", "This preview changes no SR-IOV resource.", ""]);
  });

  it("sums up over all rows", () => {
    expect(lines(row(free), row({ ...free, object: "node2-eno49", destroyed: 2, created: 0 }))[2]).to.equal(
      "Nothing in use is lost. VFs destroyed: 6, created: 6.",
    );
  });

  it("counts what is lost without leave and with it", () => {
    const two = [...row().inUse, { address: "0000:04:10.4", usedBy: "claim x" }];
    expect(lines(row({ inUse: two, outcome: "proceeds" }), row(free))[2]).to.match(
      /^\*\*In use, and would be lost: 2\.\*\*/,
    );
  });

  it("says what is not known", () => {
    const text = impactMarkdown({ rows: [], untold: ["the preview failed: @all | <b>"] });
    expect(text).to.contain("**Whether anything in use would be lost is not known of all resources.**");
    expect(text).to.contain("\nNot known:\n\n- `the preview failed: @all \\| <b>`\n");
  });

  it("keeps to its table whatever names hold", () => {
    const name = "a|b\n| c |";
    const [, , , , , , cells = ""] = lines(row({ name }));
    expect(cells).to.contain("`SriovNetworkDevice a\\|b \\| c \\|`");
    expect(lines(row({ name }))).to.have.length(8);
  });

  it("lets no name mention, link or mark up, not even one with backticks", () => {
    const [, , , , , , cells = ""] = lines(row({ name: "`@team` #1" }));
    expect(cells).to.contain("| ``SriovNetworkDevice `@team` #1``<br>");
  });

  it("lists several users of one NIC below each other", () => {
    const inUse = [
      { address: "0000:04:10.0", usedBy: "pod a/b" },
      { address: "0000:04:10.2", usedBy: "pod c/d" },
    ];
    expect(lines(row({ inUse }))[6]).to.contain("`0000:04:10.0`: `pod a/b`<br>`0000:04:10.2`: `pod c/d`");
  });
});
