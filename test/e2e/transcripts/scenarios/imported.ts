import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { REPOSITORY } from "../../project.js";
import type { Scenario, Stage } from "../scenario.js";

export const imported: Scenario = {
  name: "imported",
  shows: "A count that somebody declared with kubectl is brought into a stack: nothing changes until the program does.",
  async play(stage) {
    const nic = await stage.nic();
    await stage.aside("kubectl edit sets the count to 3", async () => {
      await nic.edit(3);
      await nic.until("3 VFs", ({ status }) => status?.virtualFunctions?.length === 3);
    });
    await stage.aside("pulumi-sriov import --node imported", async () => importInto(stage));
    stage.program(...readFileSync(join(stage.folder, "index.ts"), "utf8").split("\n").slice(2, -1));
    await stage.pulumi("import --file import.json --yes --generate-code=false --protect=false");
    await stage.pulumi("preview --expect-no-changes");
    await stage.pulumi("destroy --yes --skip-preview");
    await stage.kernel(nic);
  },
};

async function importInto({ lab, folder }: Stage): Promise<void> {
  const command = [join(REPOSITORY, "dist", "cli", "main.js"), "import", "--node", "imported", "--out", folder];
  const env = { ...process.env, KUBECONFIG: lab.controlPlane.kubeconfig };
  await promisify(execFile)(process.execPath, command, { env });
  // Policies and networks are of no node: those of the tests beside this one came along.
  const file = join(folder, "import.json");
  const { resources, ...rest } = JSON.parse(readFileSync(file, "utf8")) as { resources: { name: string }[] };
  const own = resources.filter(({ name }) => name.startsWith("imported"));
  writeFileSync(file, JSON.stringify({ ...rest, resources: own }));
}
